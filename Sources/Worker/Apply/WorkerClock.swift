import Shared

/// Time as a worker sees it: the system's, or a simulation's.
struct WorkerClock: Sendable {
    /// Wall-clock time.
    let now: @Sendable () -> Timestamp
    /// Waits, or less where the worker is to stop.
    let pause: @Sendable (Duration) async -> Void
}

extension Timestamp {
    static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(micros: left.micros + Int64(right / .microseconds(1)))
    }

    static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.micros - right.micros)
    }
}
