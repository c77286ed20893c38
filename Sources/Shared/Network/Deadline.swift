internal import CSystem

/// A moment on the monotonic clock by which something must be done; it may be never.
package struct Deadline: Sendable, Comparable {
    private let nanoseconds: Int64

    /// The moment `time` from now.
    package static func after(_ time: Duration) -> Deadline {
        let (seconds, attoseconds) = time.components
        // A wait of more than a year is one for ever; so no sum can overflow.
        guard seconds < 31_536_000 else { return .never }
        return Deadline(
            nanoseconds: tl_monotonic_nanos() + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    package static let never = Deadline(nanoseconds: .max)

    package var hasPassed: Bool { nanoseconds != .max && tl_monotonic_nanos() >= nanoseconds }

    /// What is left, rounded up, in the form that `poll` takes: -1 for ever, 0 when passed.
    var pollMilliseconds: Int32 {
        guard nanoseconds != .max else { return -1 }
        let left = nanoseconds - tl_monotonic_nanos()
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
