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
    func isName(_ text: StaticString, in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        let length = text.utf8CodeUnitCount
        guard length == range.count else { return false }
        return unsafe withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return length == 0 }
            let start = unsafe first + range.lowerBound
            let expected = unsafe UnsafeRawPointer(text.utf8Start)
            // Both have `length` bytes from here on; the last piece overlaps the one before it.
            if length >= 8 {
                for offset in stride(from: 0, to: length - 8, by: 8) {
                    if unsafe !Self.isName(start + offset, expected + offset, as: UInt64.self) {
                        return false
                    }
                }
                return unsafe Self.isName(start + length - 8, expected + length - 8, as: UInt64.self)
            }
            if length >= 4 {
                return unsafe Self.isName(start, expected, as: UInt32.self)
                    && Self.isName(start + length - 4, expected + length - 4, as: UInt32.self)
            }
            for offset in 0..<length {
                if unsafe !Self.isName(start + offset, expected + offset, as: UInt8.self) { return false }
            }
            return true
        }
    }

    /// The same for all bytes of a word: bit 6 tells the letters from `-`, and bit 5 is what may differ in a letter.
    @inline(__always)
    private static func isName<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawPointer, _ expected: UnsafeRawPointer, as type: Word.Type
    ) -> Bool {
        let wanted = unsafe expected.loadUnaligned(as: type)
        let mayDiffer = wanted >> 1 & Word(truncatingIfNeeded: 0x2020_2020_2020_2020 as UInt64)
        return unsafe bytes.loadUnaligned(as: type) | mayDiffer == wanted
    }

    /// True when no control character but the tab is in `range`.
    func isHeaderValue(_ range: Range<Int>) -> Bool {
        isFree(range, of: { $0.hasOtherThanPlain }) || allSatisfy(range, ByteClass.isValue)
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
