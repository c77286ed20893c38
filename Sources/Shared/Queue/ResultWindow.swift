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

/// Results of one settle that go into one hash with one command.
struct ResultRun {
    /// Lua unpacks the values of a command onto its stack, which takes fewer than 8,000.
    static let countMax = 1000

    let window: ResultWindow
    /// The items among which they are; those without a result are passed over.
    var items: Range<Int>
    var count: Int

    /// The runs of `items`, in order. Neighbours are of one window, but where two clocks differ.
    static func cut(_ items: [SettledItem]) -> [ResultRun] {
        var runs: [ResultRun] = []
        for place in items.indices where items[place].result != nil {
            let window = ResultWindow(of: items[place].id)
            if let last = runs.indices.last, runs[last].window == window, runs[last].count < countMax {
                runs[last].items = runs[last].items.lowerBound..<place + 1
                runs[last].count += 1
            } else {
                runs.append(ResultRun(window: window, items: place..<place + 1, count: 1))
            }
        }
        return runs
    }
}
