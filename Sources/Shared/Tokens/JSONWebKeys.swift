/// Why a text is no JWK Set.
package enum JSONWebKeysError: Error, Hashable, Sendable {
    /// No JSON object with an array `keys`.
    case invalid
    /// More keys than anybody rotates: somebody else's document.
    case tooMany
}

/// Reads a JWK Set (RFC 7517 §5). Keys that we cannot use are skipped, as §5 asks: other kinds, other curves, other
/// algorithms, keys for encryption, weak ones. Symmetric keys are never taken from a set.
package enum JSONWebKeys {
    package static let keysMax = 64

    /// - Returns: the keys to use, and how many were skipped.
    package static func read(_ text: [UInt8]) throws(JSONWebKeysError) -> (
        keys: [IdentifiedKey], skipped: Int
    ) {
        let outcome: Swift.Result<(keys: [IdentifiedKey], skipped: Int), JSONWebKeysError>
        do {
            outcome = try JSONReader().read(text.span) { document throws(JSONWebKeysError) in
                try set(document)
            }
        } catch {
            throw .invalid
        }
        return try outcome.get()
    }

    private static func set(
        _ document: borrowing JSONDocument
    ) throws(JSONWebKeysError) -> (keys: [IdentifiedKey], skipped: Int) {
        guard let list = document.member("keys", of: document.root),
            case .array(let count) = document.kind(at: list)
        else { throw .invalid }
        guard count <= keysMax else { throw .tooMany }
        var keys: [IdentifiedKey] = []
        document.forEachElement(of: list) { place throws(Never) in
            if let key = key(at: place, in: document) { keys.append(key) }
        }
        return (keys, count - keys.count)
    }

    /// The key at `place`, or nil for one to be skipped.
    private static func key(at place: Int, in document: borrowing JSONDocument) -> IdentifiedKey? {
        guard case .object = document.kind(at: place), isForSignatures(place, document),
            let (material, algorithm) = material(place, document), isFor(algorithm, place, document)
        else { return nil }
        var keyID: [UInt8]?
        if let kid = document.member("kid", of: place) {
            guard let text = document.string(at: kid) else { return nil }
            keyID = text
        }
        // Made once here to know that it can be made; each thread makes its own later.
        do { _ = try VerifyingKey(material) } catch { return nil }
        return IdentifiedKey(keyID: keyID, algorithm: algorithm, key: material)
    }

    private static func isForSignatures(_ place: Int, _ document: borrowing JSONDocument) -> Bool {
        if let use = document.member("use", of: place), !document.isString("sig", at: use) { return false }
        guard let operations = document.member("key_ops", of: place) else { return true }
        var verifies = false
        document.forEachElement(of: operations) { operation throws(Never) in
            if document.isString("verify", at: operation) { verifies = true }
        }
        return verifies
    }

    private static func material(
        _ place: Int, _ document: borrowing JSONDocument
    ) -> (PublicKey, TokenAlgorithm)? {
        guard let kind = document.member("kty", of: place) else { return nil }
        if document.isString("RSA", at: kind), let modulus = number("n", place, document),
            let exponent = number("e", place, document)
        {
            return (.rsa(modulus: modulus, exponent: exponent), .rs256)
        }
        guard let curve = document.member("crv", of: place), let x = number("x", place, document) else {
            return nil
        }
        if document.isString("EC", at: kind), document.isString("P-256", at: curve),
            let y = number("y", place, document)
        {
            return (.p256(x: x, y: y), .es256)
        }
        if document.isString("OKP", at: kind), document.isString("Ed25519", at: curve) {
            return (.ed25519(x), .ed25519)
        }
        return nil
    }

    private static func isFor(_ algorithm: TokenAlgorithm, _ place: Int, _ document: borrowing JSONDocument)
        -> Bool
    {
        guard let name = document.member("alg", of: place) else { return true }
        guard document.kind(at: name) == .string else { return false }
        return document.withString(at: name) { TokenAlgorithm($0) } == algorithm
    }

    private static func number(_ name: StaticString, _ place: Int, _ document: borrowing JSONDocument)
        -> [UInt8]?
    {
        guard let value = document.member(name, of: place), document.kind(at: value) == .string else {
            return nil
        }
        return document.withString(at: value) { Base64URL.decode($0) }
    }
}
