internal import Glibc
internal import Shared

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

    /// True when the bytes of `range` are `text`, of lower case letters and `-`, without regard to ASCII case.
    ///
    /// Eight bytes at a time: bit 6 tells letters from `-`, and bit 5 is what may differ in a letter.
    func isName(_ text: StaticString, in range: Range<Int>) -> Bool {
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
                if word | (wanted >> 1 & 0x2020_2020_2020_2020) != wanted { return false }
                offset += 8
            }
            while offset < length {
                let wanted = unsafe expected.load(fromByteOffset: offset, as: UInt8.self)
                if unsafe bytes[start + offset] | (wanted >> 1 & 0x20) != wanted { return false }
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

    /// True when no control character but the tab is in `range`.
    func isHeaderValue(_ range: Range<Int>) -> Bool {
        isFree(range, of: { $0.hasControl }) || allSatisfy(range, ByteClass.isValue)
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
