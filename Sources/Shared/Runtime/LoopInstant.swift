/// A point on the monotonic clock, in nanoseconds; what deadlines are made of.
package struct LoopInstant: Comparable, Hashable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than everything: the deadline of what may take for ever.
    package static let distantFuture = LoopInstant(nanoseconds: .max)

    package static func < (left: LoopInstant, right: LoopInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (left: LoopInstant, right: Duration) -> LoopInstant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? .distantFuture : LoopInstant(nanoseconds: sum)
    }

    /// The same for a span that was turned into nanoseconds once: `Duration` counts in 128 bits, and dividing those
    /// costs more than all else that a deadline needs.
    package func advanced(nanoseconds: Int64) -> LoopInstant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .distantFuture : LoopInstant(nanoseconds: sum)
    }

    package static func - (left: LoopInstant, right: LoopInstant) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

extension Duration {
    /// The whole duration in nanoseconds, held at the ends of `Int64` (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
