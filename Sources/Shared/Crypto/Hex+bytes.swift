extension Hex {
    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for index in bytes.indices {
            text.append(digit(bytes[index] >> 4))
            text.append(digit(bytes[index] & 15))
        }
        return text
    }

    /// The same for bytes in an array.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] { encode(bytes.span) }

    /// The bytes that `text` spells, or nil for an odd length and for anything that is no digit.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = value(of: text[index]), let low = value(of: text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// The same for text in an array.
    package static func decode(_ text: [UInt8]) -> [UInt8]? { decode(text.span) }
}
