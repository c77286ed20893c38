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
            let last = range.upperBound - 8
            var place = range.lowerBound
            while place < last {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                if isMarked(EightBytes(word: word)) { return false }
                place += 8
            }
            let word = unsafe bytes.loadUnaligned(fromByteOffset: last, as: UInt64.self)
            return !isMarked(EightBytes(word: word))
        }
    }

    /// True when `isAllowed` says so of each byte of `range`.
    @inlinable @inline(__always)
    package func allSatisfy(_ range: Range<Int>, _ isAllowed: (UInt8) -> Bool) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "out of bounds")
        return unsafe withUnsafeBytes { bytes in
            for place in range where !isAllowed(unsafe bytes[place]) { return false }
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

    /// True when one is not ASCII.
    @inlinable @inline(__always)
    package var hasOtherThanASCII: Bool { word & Self.highBits != 0 }

    /// True when one is `byte`.
    @inlinable @inline(__always)
    package func has(_ byte: UInt8) -> Bool { zeroes(word ^ Self.ones &* UInt64(byte)) & Self.highBits != 0 }

    @inlinable @inline(__always)
    func zeroes(_ word: UInt64) -> UInt64 { (word &- Self.ones) & ~word }
}
