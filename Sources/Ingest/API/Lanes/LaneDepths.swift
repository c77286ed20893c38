internal import Shared
internal import Synchronization

/// What this process last heard of each lane's depth, and how fast lanes drain; shared by its loops, which take no lock for
/// a push: with one, they waited for each other's cache with each request.
final class LaneDepths: Sendable {
    /// A lane's depth and its pushes that were sent and have no reply yet.
    private final class Seen: Sendable {
        let depth = Atomic<Int>(0)
        let underway = Atomic<Int>(0)
    }

    private let lanes: [Seen]
    private let drain = Drain()
    let limit: Int

    init(lanes: Int, limit: Int) {
        self.lanes = (0..<lanes).map { _ in Seen() }
        self.limit = limit
    }

    /// True where `count` more would pass the limit, as far as is known: ask Redis before saying so to a client.
    func seemsFull(_ lane: Lane, adding count: Int) -> Bool {
        let seen = lanes[lane.index]
        return seen.depth.load(ordering: .relaxed) + seen.underway.load(ordering: .relaxed) + count > limit
    }

    func began(_ lane: Lane, _ count: Int) {
        lanes[lane.index].underway.wrappingAdd(count, ordering: .relaxed)
    }

    /// Gives how many must have been applied since the lane's depth was last heard, for `drained`.
    ///
    /// - Parameter depth: the lane's depth after the push; nil where nothing was pushed, or nobody knows.
    func ended(_ lane: Lane, began: Int, pushed: Int, depth: Int?) -> Int {
        lanes[lane.index].underway.wrappingSubtract(began, ordering: .relaxed)
        return depth.map { note(lane, $0, pushed: pushed) } ?? 0
    }

    /// The depth that Redis told just now.
    func saw(_ lane: Lane, depth: Int, now: LoopInstant) { drained(note(lane, depth, pushed: 0), now) }

    private func note(_ lane: Lane, _ depth: Int, pushed: Int) -> Int {
        max(0, lanes[lane.index].depth.exchange(depth, ordering: .relaxed) + pushed - depth)
    }

    /// Notes how many must have been applied, over any lanes.
    func drained(_ count: Int, _ now: LoopInstant) {
        if count > 0 { drain.add(count, now) }
    }

    /// Seconds after which an overfull lane should have room: a tenth of its limit, at the measured rate; 1 to 60.
    func retryAfterSeconds(_ lane: Lane) -> Int {
        let perSecond = drain.perSecond
        let depth = lanes[lane.index].depth.load(ordering: .relaxed)
        guard perSecond > 0 else { return 30 }
        let surplus = Double(max(1, depth - limit + max(1, limit / 10)))
        return min(60, max(1, Int((surplus / perSecond).rounded(.up))))
    }
}

/// How fast lanes drain, measured over a second or more.
private final class Drain: Sendable {
    private struct Measured {
        var since: Int64 = 0
        var perSecond = 0.0
    }

    private let removed = Atomic<Int>(0)
    /// When the time that is measured is over, in nanoseconds of the loops' clock.
    private let due = Atomic<Int64>(0)
    private let measured = Mutex(Measured())

    var perSecond: Double { measured.withLock { $0.perSecond } }

    func add(_ count: Int, _ now: LoopInstant) {
        removed.wrappingAdd(count, ordering: .relaxed)
        guard now.nanoseconds >= due.load(ordering: .relaxed) else { return }
        measured.withLock { measured in
            let seconds = Double(now.nanoseconds - measured.since) / 1e9
            guard seconds >= 1 else { return }
            let rate = Double(removed.exchange(0, ordering: .relaxed)) / min(seconds, 60)
            measured.perSecond =
                measured.perSecond == 0 ? rate : measured.perSecond * 0.7 + rate * 0.3
            measured.since = now.nanoseconds
            due.store(now.nanoseconds + 1_000_000_000, ordering: .relaxed)
        }
    }
}
