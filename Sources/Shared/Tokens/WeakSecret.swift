/// Finds secrets that an attacker would try first: short ones, placeholders of manuals and templates, patterns.
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

    /// Letters of manuals' and templates' secrets, without what stands between them. None can turn up by chance in
    /// random text: the shortest has eight letters.
    private static let families = [
        "changeme", "changethis", "changeit", "changebefore", "replaceme", "replacethis", "replacewith",
        "yoursecret", "yoursuper", "yourjwt", "yourbetterauth", "yourauthsecret", "yourverysecret",
        "yourrandom",
        "yourown", "betterauthsecret", "secretkeyhere", "secrethere", "supersecret", "topsecret", "mysecret",
        "notsosecret", "notasecret", "jwtsecret", "authsecret", "defaultsecret", "examplesecret",
        "samplesecret",
        "devsecret", "developmentsecret", "placeholder", "insecure", "donotuse", "notforproduction",
        "generatewith", "opensslrand", "randomstring", "passwordpassword", "correcthorsebattery", "atleast32",
        "32characters", "32bytes", "min32char", "minimum32", "longsecret", "secretsecret", "loremipsum",
    ]

    private static func isPlaceholder(_ secret: [UInt8]) -> Bool {
        let letters = secret.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: nil
            }
        }
        return families.contains { contains(letters, Array($0.utf8)) }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard text.count >= part.count else { return false }
        return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// Few different bytes, a short text over and over, or mostly neighbours (abcdef…, 12345…).
    private static func isPattern(_ secret: [UInt8]) -> Bool {
        if Set(secret).count < 8 { return true }
        for period in 1...16
        where secret.indices.dropFirst(period).allSatisfy({ secret[$0] == secret[$0 - period] }) {
            return true
        }
        let neighbours = zip(secret, secret.dropFirst()).count { pair in
            abs(Int(pair.0) - Int(pair.1)) == 1
        }
        return neighbours * 4 >= (secret.count - 1) * 3
    }
}
