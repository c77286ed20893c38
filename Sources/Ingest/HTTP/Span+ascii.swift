internal import Glibc

extension Span<UInt8> {
    /// True when the bytes of `range` are exactly `text`.
    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        let length = text.utf8CodeUnitCount
        guard length == range.count else { return false }
        return unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return length == 0 }
            return unsafe memcmp(start + range.lowerBound, text.utf8Start, length) == 0
        }
    }

    /// True when the bytes of `range` are `text`, which is in lower case, without regard to ASCII case.
    func equalsIgnoringCase(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard text.utf8CodeUnitCount == range.count else { return false }
        return text.withUTF8Buffer { expected in
            for offset in 0..<range.count
            where unsafe expected[offset] != ByteClass.lowercased(self[range.lowerBound + offset]) {
                return false
            }
            return true
        }
    }

    /// True when the token in `range` is `text`, of lower case letters and `-`, without regard to ASCII case.
    ///
    /// Among the bytes that a token may have, only the upper case letter becomes the lower case one, and only
    /// `-` becomes `-`, when bit 5 is set: so that eight bytes are compared at once.
    func isToken(_ text: StaticString, in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        let length = text.utf8CodeUnitCount
        guard length == range.count else { return false }
        return unsafe withUnsafeBytes { bytes in
            let expected = unsafe UnsafeRawPointer(text.utf8Start)
            let start = range.lowerBound
            var offset = 0
            while offset + 8 <= length {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
                let wanted = unsafe expected.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                if word | 0x2020_2020_2020_2020 != wanted { return false }
                offset += 8
            }
            while offset < length {
                let wanted = unsafe expected.load(fromByteOffset: offset, as: UInt8.self)
                if unsafe bytes[start + offset] | 0x20 != wanted { return false }
                offset += 1
            }
            return true
        }
    }

    /// The place of the first `byte` in `range`.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        return unsafe withUnsafeBufferPointer { bytes in
            guard !range.isEmpty, let base = bytes.baseAddress,
                let found = unsafe memchr(base + range.lowerBound, Int32(byte), range.count)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// True when no control character but the tab is in `range`. Eight bytes at a time: this sees each byte
    /// of each header.
    func isHeaderValue(_ range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        return unsafe withUnsafeBytes { bytes in
            var index = range.lowerBound
            while index + 8 <= range.upperBound {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if Self.mayHaveControl(word) {
                    for place in index..<index + 8 where !ByteClass.isValue(unsafe bytes[place]) {
                        return false
                    }
                }
                index += 8
            }
            while index < range.upperBound {
                if !ByteClass.isValue(unsafe bytes[index]) { return false }
                index += 1
            }
            return true
        }
    }

    /// False when none of eight bytes is below 0x20 or is 0x7F; the borrow of one byte may accuse the next.
    @inline(__always)
    private static func mayHaveControl(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        let below = (word &- ones &* 0x20) & ~word & high
        let delete = word ^ ones &* 0x7F
        return (below | ((delete &- ones) & ~delete & high)) != 0
    }

    /// `range` without the spaces and tabs at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, ByteClass.isBlank(self[start]) { start += 1 }
        while end > start, ByteClass.isBlank(self[end - 1]) { end -= 1 }
        return start..<end
    }
}
