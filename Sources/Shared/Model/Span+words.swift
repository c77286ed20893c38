public import Glibc

/// Looks at text eight bytes at a time: for what must see each byte of each request.
extension Span<UInt8> {
    /// True when `isMarked` says so of no byte of `range`; it is asked about eight at a time, some of them twice.
    @inlinable @inline(__always)
    package func isFree(_ range: Range<Int>, of isMarked: (EightBytes) -> Bool) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        return unsafe withUnsafeBytes { bytes in
            guard range.count >= 8 else {
                // Filled up with letters, which nobody looks for.
                var word: UInt64 = 0x6161_6161_6161_6161
                for place in range { word = word << 8 | UInt64(unsafe bytes[place]) }
                return !isMarked(EightBytes(word: word))
            }
            // The last eight overlap those before them, so that there is no rest of single bytes.
            guard let start = bytes.baseAddress else { return true }
            let last = unsafe start + (range.upperBound - 8)
            var place = unsafe start + range.lowerBound
            while unsafe place < last {
                let word = unsafe place.loadUnaligned(as: UInt64.self)
                if isMarked(EightBytes(word: word)) { return false }
                unsafe place += 8
            }
            return unsafe !isMarked(EightBytes(word: last.loadUnaligned(as: UInt64.self)))
        }
    }

    /// The place of the first `byte` in `range`.
    @inlinable @inline(__always)
    package func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        return unsafe withUnsafeBufferPointer { bytes in
            guard !range.isEmpty, let base = bytes.baseAddress,
                let found = unsafe memchr(base + range.lowerBound, Int32(byte), range.count)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// True when `isAllowed` says so of each byte of `range`.
    @inlinable @inline(__always)
    package func allSatisfy(_ range: Range<Int>, _ isAllowed: (UInt8) -> Bool) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        return unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            var place = unsafe start + range.lowerBound
            let end = unsafe start + range.upperBound
            while unsafe place < end {
                if !isAllowed(unsafe place.load(as: UInt8.self)) { return false }
                unsafe place += 1
            }
            return true
        }
    }
}

/// Eight bytes of a text, of which one question is answered for all at once: a subtraction sets bit 7 of a byte that
/// is too small. Its borrow may mark the byte beside one that is marked rightly, and none otherwise.
@usableFromInline
package struct EightBytes {
    @usableFromInline let word: UInt64

    @inlinable @inline(__always)
    init(word: UInt64) { self.word = word }

    @inlinable static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inlinable static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    /// True when one is a control character: below 0x20, or 0x7F.
    @inlinable @inline(__always)
    package var hasControl: Bool {
        let below = (word &- Self.ones &* 0x20) & ~word
        return (below | zeroes(word ^ Self.ones &* 0x7F)) & Self.highBits != 0
    }

    /// True when one is not ASCII, or a control character. What is marked wrongly here is only a byte behind another.
    @inlinable @inline(__always)
    package var hasOtherThanPlain: Bool {
        let delete = word ^ Self.ones &* 0x7F
        return (word | (word &- Self.ones &* 0x20) | (delete &- Self.ones)) & Self.highBits != 0
    }

    /// True when one is what JSON strings must escape: below 0x20, a quote or a backslash.
    @inlinable @inline(__always)
    package var hasEscapedInJSON: Bool {
        let below = (word &- Self.ones &* 0x20) & ~word
        let quotes = zeroes(word ^ Self.ones &* UInt64(UInt8(ascii: "\"")))
        return (below | quotes | zeroes(word ^ Self.ones &* UInt64(UInt8(ascii: "\\")))) & Self.highBits != 0
    }

    @inlinable @inline(__always)
    func zeroes(_ word: UInt64) -> UInt64 { (word &- Self.ones) & ~word }
}
