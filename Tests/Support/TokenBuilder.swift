package import Shared

/// Builds tokens, good and bad, from the texts of their parts.
package struct TokenBuilder {
    package static let secret = "0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXeAfD"
    package static let now = Timestamp(micros: 1_800_000_000_000_000)

    package var header = #"{"alg":"HS256","typ":"JWT"}"#
    package var claims = #"{"sub":"u1","exp":1800000900}"#
    package var secret = Self.secret

    package init(header: String? = nil, claims: String? = nil, secret: String? = nil) {
        if let header { self.header = header }
        if let claims { self.claims = claims }
        if let secret { self.secret = secret }
    }

    package var signed: [UInt8] {
        Base64URL.encode(Array(header.utf8)) + [0x2E] + Base64URL.encode(Array(claims.utf8))
    }

    package var bytes: [UInt8] {
        signed + [0x2E] + Base64URL.encode(HMACSHA256(key: Array(secret.utf8)).code(of: signed).bytes)
    }

    /// A key set with the builder's secret alone.
    package static var keys: KeySet { KeySet(secrets: [TokenSecret(secret: secret)]) }
}
