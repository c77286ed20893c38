extension Timestamp {
    /// The time after `duration`, to the microsecond below.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(micros: time.micros + duration.microseconds)
    }

    /// The time before `duration`.
    package static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(micros: time.micros - duration.microseconds)
    }

    /// From the right time to the left one.
    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .microseconds(later.micros - earlier.micros)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// Whole milliseconds, rounded towards zero.
    package var milliseconds: Int64 { microseconds / 1000 }
}
