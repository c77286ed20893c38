internal import Synchronization

/// One worker's or applier's connection to `MemoryLanes`, with faults where the simulation wants them.
///
/// Deterministic: no clock, thread or random number of its own. `awaitBell` sleeps through `pause`.
package final class MemoryQueue: Queue {
    /// A call that may go wrong.
    package enum Call: Hashable, CaseIterable, Sendable {
        case acquire, renew, release, peek, settle, due, peekParked, settleParked, beginAlone, push, heartbeat
        case bell, settings
    }

    /// What becomes of a call.
    package enum Fault: Equatable, Sendable {
        case none
        /// It never arrives: `unavailable`.
        case unsent
        /// It is done, and the caller gets `unanswered`.
        case replyLost
        /// The caller gets `unanswered`, and it is done later, when `deliverLate` is called.
        case late
    }

    private let lanes: MemoryLanes
    private let fault: (Call) async -> Fault
    private let pause: (Duration) async -> Void
    private var late: [() -> Void] = []
    /// Rings of each lane's bell that this connection has told of.
    private var heard: [Lane: Int] = [:]
    package let waker = Waker()

    /// - Parameters:
    ///   - fault: asked before each call; may sleep, so that the call arrives late.
    ///   - pause: sleeps, by the simulation's clock.
    package init(
        _ lanes: MemoryLanes, fault: @escaping (Call) async -> Fault = { _ in .none },
        pause: @escaping (Duration) async -> Void = { _ in }
    ) {
        self.lanes = lanes
        self.fault = fault
        self.pause = pause
    }

    /// Does what was held back by `.late`, in order.
    package func deliverLate() {
        let calls = late
        late = []
        for call in calls { call() }
    }

    private func run<Value>(_ call: Call, _ body: @escaping () -> Value) async throws(QueueError) -> Value {
        switch await fault(call) {
        case .none: return body()
        case .unsent: throw .unavailable("the call was not sent")
        case .replyLost:
            _ = body()
            throw .unanswered("the reply was lost")
        case .late:
            late.append { _ = body() }
            throw .unanswered("no reply in time")
        }
    }

    package func acquire(
        _ lanes: [Lane], as token: LeaseToken, for duration: Duration
    ) async throws(QueueError) -> [Acquisition] {
        let all = self.lanes
        return try await run(.acquire) { lanes.map { all.acquire($0, as: token, for: duration) } }
    }

    package func renew(_ leases: [Lease], for duration: Duration) async throws(QueueError) -> [Bool] {
        let all = lanes
        return try await run(.renew) { leases.map { all.renew($0, for: duration) } }
    }

    package func release(_ leases: [Lease]) async throws(QueueError) {
        let all = lanes
        try await run(.release) { for lease in leases { all.release(lease) } }
    }

    package func peek(_ wants: [PrefixRequest]) async throws(QueueError) -> [LanePrefix] {
        let all = lanes
        return try await run(.peek) { wants.map { all.peek($0) } }
    }

    package func parked(among users: [UserID], of lane: Lane) async throws(QueueError) -> Set<UserID> {
        let all = lanes
        return try await run(.peek) { all.parked(among: users, of: lane) }
    }

    package func settle(
        _ batches: [SettleBatch], thenPeek wants: [PrefixRequest]
    ) async throws(QueueError) -> (outcomes: [SettleOutcome], ahead: [LanePrefix]) {
        let all = lanes
        return try await run(.settle) { (batches.map { all.settle($0) }, wants.map { all.peek($0) }) }
    }

    package func due(_ lanes: [Lane], at now: Timestamp, limit: Int) async throws(QueueError) -> [ParkedUser]
    {
        let all = self.lanes
        return try await run(.due) { lanes.flatMap { all.due($0, at: now, limit: limit) } }
    }

    package func peekParked(_ users: [ParkedUser], count: Int) async throws(QueueError) -> [ParkedPrefix] {
        let all = lanes
        return try await run(.peekParked) { users.map { all.peekParked($0, count: count) } }
    }

    package func settleParked(_ batches: [ParkedSettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        let all = lanes
        return try await run(.settleParked) { batches.map { all.settleParked($0) } }
    }

    package func beginAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) -> Int? {
        let all = lanes
        return try await run(.beginAlone) { all.beginAlone(entry, in: lease) }
    }

    package func withdrawAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) {
        let all = lanes
        try await run(.beginAlone) { all.withdrawAlone(entry, in: lease) }
    }

    package func push(_ entries: [RedriveEntry]) async throws(QueueError) -> [Bool] {
        let all = lanes
        return try await run(.push) { entries.map { all.push($0.entry, id: $0.request, to: $0.lane) } }
    }

    package func heartbeat(
        _ worker: WorkerID, info: [UInt8], forgetAfter: Duration
    ) async throws(QueueError) -> [WorkerSign] {
        let all = lanes
        return try await run(.heartbeat) { all.heartbeat(worker, info: info, forgetAfter: forgetAfter) }
    }

    package func leave(_ worker: WorkerID) async throws(QueueError) {
        let all = lanes
        try await run(.heartbeat) { all.leave(worker) }
    }

    package func awaitBell(_ lanes: [Lane], limit: Duration) async throws(QueueError) -> Set<Lane> {
        let ringing = try await run(.bell) { self.newRings(lanes) }
        if waker.take() || !ringing.isEmpty { return ringing }
        await pause(limit)
        return newRings(lanes)
    }

    private func newRings(_ lanes: [Lane]) -> Set<Lane> {
        let rings = self.lanes.state.withLock { $0.rings }
        var ringing: Set<Lane> = []
        for lane in lanes {
            let now = rings[lane] ?? 0
            if heard[lane] != now { ringing.insert(lane) }
            heard[lane] = now
        }
        heard = heard.filter { lanes.contains($0.key) }
        return ringing
    }

    package func settings() async throws(QueueError) -> [String: [UInt8]] {
        let all = lanes
        return try await run(.settings) { all.state.withLock { $0.settings } }
    }

    package func restore(settings: [String: [UInt8]]) async throws(QueueError) {
        let all = lanes
        try await run(.settings) {
            all.state.withLock { state in state.settings.merge(settings) { held, _ in held } }
        }
    }
}
