/// The time, about four seconds, whose requests have their results in one hash.
///
/// One command writes the results that a batch has of a window, and one expiry ends them: measured, half of what a key
/// for each result costs Redis. Short, so that the end of a window frees few results at a time.
package struct ResultWindow: Hashable, Sendable {
    /// 2¹² milliseconds.
    private static let shift = 12

    /// Counted from 1970; never negative.
    package let number: Int64

    /// - Parameter request: an id that begins with its time (UUIDv7); of any other the window is odd, and always the same.
    package init(of request: UUID) { number = request.milliseconds >> ResultWindow.shift }

    /// Reads what `LaneKeys.results` writes; nil for anything else.
    package init?(_ digits: ArraySlice<UInt8>) {
        // An id has 48 bits of time, so the largest window has 11 digits.
        guard (1...11).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        number = value
    }
}
