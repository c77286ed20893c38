/// Signs tokens of our own with HS256: for accounts, and for `tasklane token issue`.
package final class TokenMinter {
    private let code: HMACSHA256
    private let header: [UInt8]
    private let policy: TokenPolicy

    /// - Parameters:
    ///   - secret: the current one: the first that `TokenSecret.read` gave.
    ///   - policy: its issuer and audience are put into each token, so that the daemons take them.
    package init(secret: TokenSecret, policy: TokenPolicy = TokenPolicy()) {
        code = HMACSHA256(key: secret.bytes)
        var json = JSONWriter(capacity: 64)
        json.beginObject()
        json.key("alg")
        json.string("HS256" as StaticString)
        json.key("typ")
        json.string("JWT" as StaticString)
        if let keyID = secret.keyID {
            json.key("kid")
            json.string(keyID)
        }
        json.endObject()
        header = Base64URL.encode(json.bytes)
        self.policy = policy
    }

    /// A token for `identity`, good until its `expiresAt` (whole seconds).
    package func mint(_ identity: Identity, now: Timestamp) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.beginObject()
        member("iss", policy.issuer, &json)
        member("sub", identity.user.bytes, &json)
        member("aud", policy.audience, &json)
        json.key("iat")
        json.integer(now.micros / 1_000_000)
        json.key("exp")
        json.integer(identity.expiresAt.micros / 1_000_000)
        member("email", identity.email, &json)
        member("name", identity.name, &json)
        if identity.isAdmin {
            json.key("scope")
            json.string("tasklane:admin" as StaticString)
        }
        json.endObject()
        var token = header + [UInt8(ascii: ".")] + Base64URL.encode(json.bytes)
        let signature = code.code(of: token)
        token.append(UInt8(ascii: "."))
        token += Base64URL.encode(signature.bytes)
        return token
    }

    private func member(_ name: StaticString, _ value: [UInt8]?, _ json: inout JSONWriter) {
        guard let value else { return }
        json.key(name)
        json.string(value)
    }
}
