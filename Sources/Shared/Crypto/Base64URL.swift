/// base64url of RFC 7515 §2: no padding, no white space, and only the one canonical spelling of each value.
package enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 0–63 for the bytes of the alphabet, 255 for all others.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }()

    /// The text of `bytes`, without padding.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var (bits, width) = (UInt32(0), 0)
        for index in bytes.indices {
            bits = bits << 8 | UInt32(bytes[index])
            width += 8
            while width >= 6 {
                width -= 6
                text.append(alphabet[Int(bits >> UInt32(width) & 63)])
            }
        }
        if width > 0 { text.append(alphabet[Int(bits << UInt32(6 - width) & 63)]) }
        return text
    }

    /// The same for bytes in an array.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] { encode(bytes.span) }

    /// The bytes that `text` spells, or nil: for padding, white space, letters of plain base64, a length that no
    /// value has, and trailing bits that are not zero (each value has one spelling, so a token has one, too).
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        let table = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var (bits, width) = (UInt32(0), 0)
        for index in text.indices {
            let value = table[Int(text[index])]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            width += 6
            if width >= 8 {
                width -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(width)))
            }
        }
        guard bits & (1 << UInt32(width) - 1) == 0 else { return nil }
        return bytes
    }

    /// The same for text in an array.
    package static func decode(_ text: [UInt8]) -> [UInt8]? { decode(text.span) }
}
