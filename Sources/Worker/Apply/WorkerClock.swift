import Shared

/// Time as a worker sees it: the system's, or a simulation's.
struct WorkerClock: Sendable {
    /// Wall-clock time.
    let now: @Sendable () -> Timestamp
    /// Waits, or less where the worker is to stop.
    let pause: @Sendable (Duration) async -> Void
}
