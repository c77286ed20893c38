internal import Shared

/// A client's own name for one mutation: 1–255 visible ASCII bytes, quoted as an RFC 9651 string or bare.
struct IdempotencyKey: Hashable, Sendable {
    let bytes: [UInt8]

    static let bytesMax = 255

    /// Nil where the text is malformed, empty or too long. `"abc"` and `abc` are the same key.
    init?(_ text: [UInt8]) {
        let isQuoted = text.first == UInt8(ascii: "\"")
        guard let key = isQuoted ? IdempotencyKey.unquoted(text) : text,
            (1...IdempotencyKey.bytesMax).contains(key.count), key.allSatisfy(ByteClass.isVisible)
        else { return nil }
        // A bare key with a quote inside is more likely a broken string than a key that somebody meant.
        guard isQuoted || !key.contains(UInt8(ascii: "\"")) else { return nil }
        bytes = key
    }

    /// The key of one line of a bulk whose header has a key; no client's key holds the separator.
    init(line: Int, of key: IdempotencyKey) {
        var bytes = key.bytes
        bytes.append(0x1F)
        bytes.appendDecimal(Int64(line))
        self.bytes = bytes
    }

    /// RFC 9651 §4.2.5: only `"` and `\` may be escaped, and nothing follows the closing quote.
    private static func unquoted(_ text: [UInt8]) -> [UInt8]? {
        var content: [UInt8] = []
        var place = 1
        while place < text.count {
            let byte = text[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return place == text.count ? content : nil
            case UInt8(ascii: "\\"):
                guard place < text.count,
                    text[place] == UInt8(ascii: "\"") || text[place] == UInt8(ascii: "\\")
                else { return nil }
                content.append(text[place])
                place += 1
            default: content.append(byte)
            }
        }
        return nil
    }
}
