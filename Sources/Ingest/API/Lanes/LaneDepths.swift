internal import Shared
internal import Synchronization

/// What this process last heard of each lane's depth, and how fast lanes drain; shared by its loops.
final class LaneDepths: Sendable {
    private struct Seen {
        var depth = 0
        /// Pushes that were sent and have no reply yet.
        var underway = 0
    }

    private struct Drain {
        var removed = 0.0
        var since: Int64 = 0
        var perSecond = 0.0
    }

    private let lanes: Mutex<[Seen]>
    private let drain = Mutex(Drain())
    let limit: Int

    init(lanes: Int, limit: Int) {
        self.lanes = Mutex(Array(repeating: Seen(), count: lanes))
        self.limit = limit
    }

    /// True where `count` more would pass the limit, as far as is known: ask Redis before saying so to a client.
    func seemsFull(_ lane: Lane, adding count: Int) -> Bool {
        lanes.withLock { $0[lane.index].depth + $0[lane.index].underway + count > limit }
    }

    func began(_ lane: Lane, _ count: Int) { lanes.withLock { $0[lane.index].underway += count } }

    /// - Parameter depth: the lane's depth after the push; nil where nothing was pushed, or nobody knows.
    func ended(_ lane: Lane, began: Int, pushed: Int, depth: Int?, now: LoopInstant) {
        let removed = lanes.withLock { lanes in
            lanes[lane.index].underway -= began
            return depth.map { note(&lanes[lane.index], $0, pushed: pushed) } ?? 0
        }
        if removed > 0 { drained(removed, now) }
    }

    /// The depth that Redis told just now.
    func saw(_ lane: Lane, depth: Int, now: LoopInstant) {
        let removed = lanes.withLock { note(&$0[lane.index], depth, pushed: 0) }
        if removed > 0 { drained(removed, now) }
    }

    /// What must have been applied for the depth to be what it is.
    private func note(_ seen: inout Seen, _ depth: Int, pushed: Int) -> Int {
        let removed = seen.depth + pushed - depth
        seen.depth = depth
        return max(0, removed)
    }

    private func drained(_ count: Int, _ now: LoopInstant) {
        drain.withLock { drain in
            drain.removed += Double(count)
            let seconds = Double(now.nanoseconds - drain.since) / 1e9
            guard seconds >= 1 else { return }
            let rate = drain.removed / min(seconds, 60)
            drain.perSecond = drain.perSecond == 0 ? rate : drain.perSecond * 0.7 + rate * 0.3
            drain.removed = 0
            drain.since = now.nanoseconds
        }
    }

    /// Seconds after which an overfull lane should have room: a tenth of its limit, at the measured rate; 1 to 60.
    func retryAfterSeconds(_ lane: Lane) -> Int {
        let perSecond = drain.withLock { $0.perSecond }
        let depth = lanes.withLock { $0[lane.index].depth }
        guard perSecond > 0 else { return 30 }
        let surplus = Double(max(1, depth - limit + max(1, limit / 10)))
        return min(60, max(1, Int((surplus / perSecond).rounded(.up))))
    }

    /// Lanes that are not empty, as last seen.
    var nonEmpty: [(lane: Lane, depth: Int)] {
        lanes.withLock { lanes in
            lanes.indices.filter { lanes[$0].depth > 0 }.map { (Lane($0), lanes[$0].depth) }
        }
    }
}
