/// Finds secrets that an attacker would try first: short ones, placeholders of manuals and templates, one letter
/// over and over.
package enum WeakSecret {
    /// RFC 7518 §3.2: a key for HS256 has at least the size of the hash.
    package static let bytesMin = 32

    /// What is wrong with `secret`, to be put after its name, with the remedy; nil when nothing is known against it.
    package static func fault(of secret: [UInt8]) -> String? {
        let remedy = "make one with `openssl rand -base64 48`"
        if secret.count < bytesMin {
            return "has \(secret.count) bytes, needs at least \(bytesMin): \(remedy)"
        }
        if isPlaceholder(secret) { return "is a placeholder that everybody knows: \(remedy)" }
        if isPattern(secret) { return "is a pattern that is quickly guessed: \(remedy)" }
        return nil
    }

    /// How the secrets of manuals and templates begin, without what stands between their letters. Only beginnings:
    /// a daemon that refuses a good secret because some word stands in it is worse than one that takes a bad one.
    private static let families = [
        "changeme", "changethis", "changeit", "replaceme", "replacethis", "replacewith", "yoursecret",
        "yoursuper",
        "yourjwt", "yourbetterauth", "yourauthsecret", "yourverysecret", "yourrandom", "yourlong", "yourown",
        "betterauthsecret", "secretkeyhere", "placeholder", "insertyour", "putyour", "todochange",
        "generatewith",
        "opensslrand", "secretsecret", "passwordpassword", "12345678901234567890",
    ]

    private static func isPlaceholder(_ secret: [UInt8]) -> Bool {
        let letters = secret.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: nil
            }
        }
        return families.contains { letters.starts(with: $0.utf8) }
    }

    /// Three different bytes at most: `aaaa…`, `0101…`.
    private static func isPattern(_ secret: [UInt8]) -> Bool { Set(secret).count < 4 }
}
