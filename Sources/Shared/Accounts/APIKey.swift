/// A service's key, `tlk_` and 48 letters: 33 random bytes and three of their hash, so that a typing error is told
/// from a revoked key without a look-up, and so that scanners for leaked secrets can be sure.
package struct APIKey: Hashable, Sendable {
    /// The whole key, as its owner keeps it; shown once and never stored.
    package let text: [UInt8]
    /// SHA-256 of the text: what is stored. A key has 264 random bits, so no salt and no slow hash is needed.
    package let digest: Digest

    package static let prefix: StaticString = "tlk_"
    private static let randomBytes = 33
    private static let checkBytes = 3
    private static let letters = 48

    /// A new key.
    package init() {
        let random = SecureRandom.bytes(Self.randomBytes)
        self.init(checked: random + Self.check(random))
    }

    /// Nil for what is no key: wrong length, wrong letters, wrong check.
    package init?(_ text: ArraySlice<UInt8>) {
        guard APIKey.isMeant(by: text.span), text.count == Self.prefix.utf8CodeUnitCount + Self.letters,
            let bytes = Base64URL.decode(Array(text.dropFirst(Self.prefix.utf8CodeUnitCount)))
        else { return nil }
        let random = Array(bytes[..<Self.randomBytes])
        guard Self.check(random) == Array(bytes[Self.randomBytes...]) else { return nil }
        self.init(checked: bytes)
    }

    private init(checked bytes: [UInt8]) {
        var text: [UInt8] = []
        text.append(Self.prefix)
        text += Base64URL.encode(bytes)
        self.text = text
        digest = SHA256.hash(text)
    }

    /// True when credentials are meant to be a key rather than a token.
    package static func isMeant(by text: Span<UInt8>) -> Bool {
        let count = prefix.utf8CodeUnitCount
        return text.count >= count && text.extracting(0..<count).isEqual(to: prefix)
    }

    /// The first letters, by which its owner can tell it from others in a list.
    package var hint: String { String(decoding: text.prefix(10), as: UTF8.self) }

    private static func check(_ random: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(Array("tasklane api key".utf8) + random).bytes.prefix(checkBytes))
    }
}
