internal import CSystem
internal import Shared
internal import Synchronization

/// When each event loop last ran: a loop that hangs must not go unnoticed behind the others. Any thread.
final class LoopPulse: Sendable {
    /// How often a loop says that it runs.
    static let interval: Duration = .seconds(1)

    private let beats: Mutex<[LoopInstant]>

    init(loops: Int) {
        beats = Mutex(Array(repeating: LoopPulse.now, count: loops))
    }

    /// The loop runs, and says so again by itself until it ends.
    func begin(_ loop: EventLoop) {
        beats.withLock { $0[loop.index] = LoopPulse.now }
        _ = loop.schedule(at: loop.now + LoopPulse.interval) { [self, unowned loop] in
            if beats.withLock({ $0[loop.index] }) != .distantFuture { begin(loop) }
        }
    }

    /// The loop has drained: nobody waits for it any more.
    func end(_ loop: EventLoop) { beats.withLock { $0[loop.index] = .distantFuture } }

    /// True when every loop ran within `patience`.
    func isBeating(within patience: Duration) -> Bool {
        let earliest = LoopPulse.now
        return beats.withLock { $0.allSatisfy { $0 + patience >= earliest } }
    }

    private static var now: LoopInstant { LoopInstant(nanoseconds: tl_monotonic_nanos()) }
}
