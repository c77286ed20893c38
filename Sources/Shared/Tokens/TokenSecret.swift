/// A shared secret for HS256, with the id that tokens may name it by.
package struct TokenSecret: Hashable, Sendable {
    /// Nil for `BETTER_AUTH_SECRET`, which has no id.
    package let keyID: [UInt8]?
    package let bytes: [UInt8]

    package init(keyID: [UInt8]?, bytes: [UInt8]) {
        self.keyID = keyID
        self.bytes = bytes
    }

    package init(keyID: String? = nil, secret: String) {
        self.keyID = keyID.map { Array($0.utf8) }
        bytes = Array(secret.utf8)
    }

    /// Takes `TASKLANE_JWT_SECRETS` (`kid2:new,kid1:old`) and `BETTER_AUTH_SECRET` apart. The first secret signs what
    /// we issue, all of them vouch for what comes in. Faults are one line each, for the one message at start.
    package static func read(_ configuration: Configuration) -> (secrets: [TokenSecret], faults: [String]) {
        var secrets: [TokenSecret] = []
        var faults: [String] = []
        for (place, part) in (configuration.jwtSecrets ?? "").utf8.split(separator: UInt8(ascii: ","))
            .enumerated()
        {
            let bytes = part.drop { $0 == UInt8(ascii: " ") }
            let name = "TASKLANE_JWT_SECRETS, entry \(place + 1),"
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon != bytes.startIndex else {
                faults.append("\(name) has no key id: write KID:SECRET,KID:SECRET, the newest first")
                continue
            }
            let secret = TokenSecret(
                keyID: String(decoding: bytes[..<colon], as: UTF8.self),
                secret: String(decoding: bytes[bytes.index(after: colon)...], as: UTF8.self))
            if let fault = WeakSecret.fault(of: secret.bytes) { faults.append("\(name) \(fault)") }
            if secrets.contains(where: { $0.keyID == secret.keyID }) {
                faults.append("\(name) has the key id of an earlier one: give each secret an id of its own")
            }
            secrets.append(secret)
        }
        if let text = configuration.betterAuthSecret {
            let secret = TokenSecret(secret: text)
            if let fault = WeakSecret.fault(of: secret.bytes) { faults.append("BETTER_AUTH_SECRET \(fault)") }
            secrets.append(secret)
        }
        return (secrets, faults)
    }
}
