internal import Synchronization

/// All lanes in memory, as one Redis server would hold them: what the simulation's workers and producers share.
///
/// Time is the caller's; every method is one atomic step, as a script is. Any thread.
package final class MemoryLanes: Sendable {
    let state: Mutex<State>
    let now: @Sendable () -> Timestamp

    /// - Parameter now: the server's clock, for leases, results and heartbeats.
    package init(now: @escaping @Sendable () -> Timestamp) {
        state = Mutex(State())
        self.now = now
    }

    struct State {
        var lanes: [Lane: MemoryLane] = [:]
        var workers: [WorkerID: (at: Timestamp, info: [UInt8])] = [:]
        var settings: [String: [UInt8]] = [:]
        /// How often each lane's bell has rung.
        var rings: [Lane: Int] = [:]
        /// Refuses what adds memory, as a full Redis does.
        var isFull = false
    }

    func with<Value: Sendable>(_ lane: Lane, _ body: (inout MemoryLane) -> Value) -> Value {
        state.withLock { body(&$0.lanes[lane, default: MemoryLane()]) }
    }
}

/// One lane, field by field as its keys (`LaneKeys`).
struct MemoryLane {
    var queue: [[UInt8]] = []
    var parked: [UserID: [[UInt8]]] = [:]
    var due: [UserID: Timestamp] = [:]
    var attempts: [UserID: [UInt8]] = [:]
    var owner: (token: LeaseToken, until: Timestamp)?
    var holder: LeaseToken?
    var crashes = 0
    var alone: [UUID: Int] = [:]
    var count = LaneCount()
    var isPaused = false
    var results: [UUID: [UInt8]] = [:]
    /// Ids in the order in which their being done was published.
    var published: [UUID] = []

    func isOwned(by token: LeaseToken, at now: Timestamp) -> Bool {
        owner.map { $0.token == token && now < $0.until } ?? false
    }
}

extension MemoryLanes {
    /// Pushes accepted entries, as ingest does, and gives the depth; nil when full.
    @discardableResult
    package func accept(_ entries: [[UInt8]], into lane: Lane) -> Int? {
        state.withLock { state in
            guard !state.isFull else { return nil }
            state.lanes[lane, default: MemoryLane()].queue += entries
            state.lanes[lane, default: MemoryLane()].count.accepted += Int64(entries.count)
            let depth = state.lanes[lane]?.queue.count ?? 0
            if depth == entries.count { state.rings[lane, default: 0] += 1 }
            return depth
        }
    }

    /// Forgets everything, as FLUSHALL does.
    package func flush() { state.withLock { $0 = State() } }

    /// Whether writes that add memory are refused.
    package func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    package func setPaused(_ isPaused: Bool, _ lane: Lane) { with(lane) { $0.isPaused = isPaused } }

    /// Removes entries from a lane's tail, as a server does that lost its last pushes.
    package func losePushes(_ count: Int, of lane: Lane) { with(lane) { $0.queue.removeLast(count) } }

    package func depth(_ lane: Lane) -> Int { with(lane) { $0.queue.count } }

    package func parkedDepth(_ lane: Lane) -> Int {
        with(lane) { $0.parked.values.reduce(0) { $0 + $1.count } }
    }

    package func count(_ lane: Lane) -> LaneCount { with(lane) { $0.count } }

    package func result(_ request: UUID, in lane: Lane) -> [UInt8]? { with(lane) { $0.results[request] } }

    /// Every id that was published as done, in order; an id may come twice.
    package func published(_ lane: Lane) -> [UUID] { with(lane) { $0.published } }

    /// Lanes that hold anything queued or parked.
    package var busyLanes: [Lane] {
        state.withLock { state in
            state.lanes.filter { !$0.value.queue.isEmpty || !$0.value.parked.isEmpty }.keys.sorted()
        }
    }
}
