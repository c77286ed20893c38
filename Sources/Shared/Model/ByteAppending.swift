/// Appends to byte arrays with one look at their room each: what answers, lane entries and commands are put together
/// with. `append(contentsOf:)` of a buffer costs several times as much for the few bytes that a piece has.
extension [UInt8] {
    /// Appends `count` bytes, all of which `write` must write from the address that it gets.
    @inlinable @inline(__always)
    @unsafe package mutating func append(count: Int, writing write: (UnsafeMutableRawPointer) -> Void) {
        append(addingCapacity: count) { output in
            unsafe output.withUnsafeMutableBufferPointer { room, initializedCount in
                // There is an address even for no bytes: the array has been asked for room.
                guard let start = room.baseAddress else { return }
                unsafe write(UnsafeMutableRawPointer(start))
                initializedCount = count
            }
        }
    }

    /// Appends what `write` puts together, of at most `count` bytes: one look at the room for all of its pieces.
    @inlinable @inline(__always)
    package mutating func append(upTo count: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        append(addingCapacity: count, initializingWith: write)
    }

    /// Appends the bytes of `text`.
    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        unsafe append(count: count) { unsafe $0.copyMemory(from: text.utf8Start, byteCount: count) }
    }

    /// Appends the bytes of `text`.
    @inlinable @inline(__always)
    package mutating func append(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe append(count: source.count) { unsafe $0.copyMemory(from: start, byteCount: source.count) }
        }
    }

    /// Appends the decimal digits of `value` without making a `String`.
    package mutating func appendDecimal(_ value: Int64) {
        let digits = DecimalDigits(value)
        unsafe append(count: digits.count) { unsafe digits.write(to: $0) }
    }
}

/// The pieces of `append(upTo:_:)`. One that does not fit is a bug of whoever counted, and ends the process.
extension OutputSpan<UInt8> {
    /// Appends `count` bytes, all of which `write` must write from the address that it gets.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    @unsafe package mutating func append(count: Int, writing write: (UnsafeMutableRawPointer) -> Void) {
        precondition(count <= freeCapacity, "more bytes than there is room for")
        unsafe withUnsafeMutableBufferPointer { room, initializedCount in
            guard let start = room.baseAddress else { return }
            unsafe write(UnsafeMutableRawPointer(start + initializedCount))
            initializedCount += count
        }
    }

    /// Appends the bytes of `text`.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    package mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        unsafe append(count: count) { unsafe $0.copyMemory(from: text.utf8Start, byteCount: count) }
    }

    /// Appends the bytes of `text`.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    package mutating func append(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe append(count: source.count) { unsafe $0.copyMemory(from: start, byteCount: source.count) }
        }
    }

    /// Appends the decimal digits of `value`.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    package mutating func appendDecimal(_ value: Int64) {
        let digits = DecimalDigits(value)
        unsafe append(count: digits.count) { unsafe digits.write(to: $0) }
    }
}

/// A number in decimal digits, before it is written: for writers that must know how many there are.
@usableFromInline
package struct DecimalDigits {
    @usableFromInline let text: InlineArray<20, UInt8>
    @usableFromInline package let count: Int

    @inlinable @inline(__always)
    package init(_ value: Int64) {
        // 20 bytes hold any 64-bit number with its sign.
        var text = InlineArray<20, UInt8>(repeating: UInt8(ascii: "-"))
        var rest = value.magnitude
        var place = 20
        repeat {
            place -= 1
            let (tens, digit) = rest.quotientAndRemainder(dividingBy: 10)
            text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = tens
        } while rest > 0
        count = 20 - place + (value < 0 ? 1 : 0)
        self.text = text
    }

    /// Writes `count` bytes.
    @inlinable @inline(__always)
    @unsafe package func write(to room: UnsafeMutableRawPointer) {
        unsafe text.span.withUnsafeBytes { bytes in
            // Twenty bytes have an address.
            guard let start = bytes.baseAddress else { return }
            unsafe room.copyMemory(from: start + (20 - count), byteCount: count)
        }
    }
}
