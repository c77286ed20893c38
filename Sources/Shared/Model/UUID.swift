/// 128 bits of an RFC 9562 UUID, compared and hashed as bits; its text form is lower case.
package struct UUID: Hashable, Sendable, Comparable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Bytes of the text form.
    package static let textCount = 36

    /// Reads `8-4-4-4-12` hexadecimal digits of either case; nil for anything else.
    package init?(text: Span<UInt8>) {
        guard text.count == UUID.textCount else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for place in 0..<UUID.textCount {
            let byte = text[place]
            if place == 8 || place == 13 || place == 18 || place == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Hex.value(of: byte) else { return nil }
            if place < 18 {
                high = high << 4 | UInt64(digit)
            } else {
                low = low << 4 | UInt64(digit)
            }
        }
        self.init(high: high, low: low)
    }

    package init?(_ text: [UInt8]) { self.init(text: text.span) }

    package init?(_ text: String) { self.init(Array(text.utf8)) }

    /// Big-endian, as RFC 9562 and PostgreSQL's binary format have it; needs at least 16 bytes from `offset`.
    package init(bigEndian bytes: Span<UInt8>, at offset: Int = 0) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for place in 0..<8 {
            high = high << 8 | UInt64(bytes[offset + place])
            low = low << 8 | UInt64(bytes[offset + 8 + place])
        }
        self.init(high: high, low: low)
    }

    /// Appends the 16 bytes, big-endian.
    package func appendBigEndian(to bytes: inout [UInt8]) {
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
    }

    /// Appends the 36 bytes of the text form.
    @inline(__always)
    package func appendText(to bytes: inout [UInt8]) {
        unsafe bytes.append(count: UUID.textCount) { unsafe writeText(to: $0) }
    }

    /// Writes the 36 bytes of the text form: eight digits at a time, since an answer to a mutation has six of these.
    @unsafe package func writeText(to room: UnsafeMutableRawPointer) {
        let first = Hex.digits(of: UInt32(truncatingIfNeeded: high >> 32))
        let second = Hex.digits(of: UInt32(truncatingIfNeeded: high))
        let third = Hex.digits(of: UInt32(truncatingIfNeeded: low >> 32))
        let fourth = Hex.digits(of: UInt32(truncatingIfNeeded: low))
        let dash = UInt8(ascii: "-")
        unsafe room.storeBytes(of: first, as: UInt64.self)
        unsafe room.storeBytes(of: dash, toByteOffset: 8, as: UInt8.self)
        unsafe room.storeBytes(of: UInt32(truncatingIfNeeded: second), toByteOffset: 9, as: UInt32.self)
        unsafe room.storeBytes(of: dash, toByteOffset: 13, as: UInt8.self)
        unsafe room.storeBytes(of: UInt32(second >> 32), toByteOffset: 14, as: UInt32.self)
        unsafe room.storeBytes(of: dash, toByteOffset: 18, as: UInt8.self)
        unsafe room.storeBytes(of: UInt32(truncatingIfNeeded: third), toByteOffset: 19, as: UInt32.self)
        unsafe room.storeBytes(of: dash, toByteOffset: 23, as: UInt8.self)
        unsafe room.storeBytes(of: UInt32(third >> 32), toByteOffset: 24, as: UInt32.self)
        unsafe room.storeBytes(of: fourth, toByteOffset: 28, as: UInt64.self)
    }

    /// The 36 bytes of the text form.
    package var text: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(UUID.textCount)
        appendText(to: &bytes)
        return bytes
    }

    package static func < (left: UUID, right: UUID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    package var version: Int { Int(high >> 12 & 15) }

    /// Milliseconds since 1970 of a UUIDv7.
    package var milliseconds: Int64 { Int64(high >> 16) }

    /// A UUIDv8 of the first 16 bytes of a hash: the id of what has no readable id of its own.
    package init(hash bytes: Span<UInt8>) {
        let raw = UUID(bigEndian: bytes)
        self.init(
            high: raw.high & ~0xF000 | 0x8000, low: raw.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}

/// The text form of an id, made once for what has it several times.
@usableFromInline
package struct UUIDText {
    @usableFromInline var bytes = InlineArray<36, UInt8>(repeating: 0)

    package init(_ id: UUID) {
        var span = bytes.mutableSpan
        // 36 bytes have an address, and that many are written.
        unsafe span.withUnsafeMutableBytes { room in
            if let start = room.baseAddress { unsafe id.writeText(to: start) }
        }
    }

    package var span: Span<UInt8> {
        @inlinable @inline(__always) @_lifetime(borrow self) get { bytes.span }
    }
}

extension UUID: CustomStringConvertible {
    package var description: String { String(decoding: text, as: UTF8.self) }
}

/// Hexadecimal digits as bytes.
package enum Hex {
    /// The value of one digit of either case, or nil.
    package static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Eight lower-case digits, the first in the lowest byte: as little-endian machines, all we run on, store it.
    @inline(__always)
    static func digits(of value: UInt32) -> UInt64 {
        var spread = UInt64(value.byteSwapped)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread >> 4 | spread << 8) & 0x0F0F_0F0F_0F0F_0F0F
        // One in each byte whose digit is a letter: 10 + 6 carries into the next half.
        let letters = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return spread + 0x3030_3030_3030_3030 + letters * 0x27
    }

    /// Writes the sixteen lower-case digits of `value`.
    @unsafe package static func writeDigits(of value: UInt64, to room: UnsafeMutableRawPointer) {
        unsafe room.storeBytes(of: digits(of: UInt32(truncatingIfNeeded: value >> 32)), as: UInt64.self)
        unsafe room.storeBytes(
            of: digits(of: UInt32(truncatingIfNeeded: value)), toByteOffset: 8, as: UInt64.self)
    }

    /// The lower-case digit of a value below 16.
    package static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
