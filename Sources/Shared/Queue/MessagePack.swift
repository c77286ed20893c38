/// Arrays of texts as MessagePack, which the server's scripts read at once (`cmsgpack.unpack`): one large argument
/// instead of thousands of small ones. Numbers are written as text, as other arguments of scripts are.
struct MessagePack {
    private(set) var bytes: [UInt8] = []

    /// Begins an array; its elements follow.
    mutating func array(_ count: Int) {
        if count < 16 {
            bytes.append(0x90 | UInt8(count))
        } else {
            header(0xDC, count, isWide: count > 0xFFFF)
        }
    }

    mutating func add(_ text: [UInt8]) { add(text.span) }

    mutating func add(_ text: Span<UInt8>) {
        if text.count < 32 {
            bytes.append(0xA0 | UInt8(text.count))
        } else {
            header(0xDA, text.count, isWide: text.count > 0xFFFF)
        }
        bytes.append(text)
    }

    mutating func add(_ number: Int64) {
        // 20 bytes at most.
        bytes.append(0xA0 | UInt8(DecimalDigits(number).count))
        bytes.appendDecimal(number)
    }

    mutating func add(_ id: UUID) {
        header(0xDA, UUID.textCount, isWide: false)
        id.appendText(to: &bytes)
    }

    /// A type with a length of 16 bits, or the next type with one of 32.
    private mutating func header(_ type: UInt8, _ count: Int, isWide: Bool) {
        bytes.append(isWide ? type + 1 : type)
        if isWide {
            bytes.append(UInt8(truncatingIfNeeded: count >> 24))
            bytes.append(UInt8(truncatingIfNeeded: count >> 16))
        }
        bytes.append(UInt8(truncatingIfNeeded: count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: count))
    }
}
