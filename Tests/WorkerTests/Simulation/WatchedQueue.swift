import Shared

@testable import Shared
@testable import Worker

/// A worker's queue under observation: sees what a settle finds, and breaks what the history wants broken.
final class WatchedQueue: Queue {
    private let queue: MemoryQueue
    private let world: World

    init(_ queue: MemoryQueue, _ world: World) {
        self.queue = queue
        self.world = world
    }

    private func owner(_ lane: Lane) -> LeaseToken? {
        let now = world.executor.now
        return world.lanes.with(lane) { state in
            state.owner.flatMap { now < $0.until ? $0.token : nil }
        }
    }

    /// The lease that is shown to the script: the broken build shows whoever owns the lane now.
    private func shown(_ lease: Lease) -> Lease {
        guard world.breakage == .leaseCheck, let owner = owner(lease.lane) else { return lease }
        return Lease(lane: lease.lane, token: owner)
    }

    private func check(_ lease: Lease, _ outcome: SettleOutcome) {
        guard case .settled = outcome, owner(lease.lane) != lease.token else { return }
        world.violations.append("lane \(lease.lane) was settled by somebody who does not hold it")
    }

    func settle(
        _ batches: [SettleBatch], thenPeek wants: [PrefixRequest]
    ) async throws(QueueError) -> (outcomes: [SettleOutcome], ahead: [LanePrefix]) {
        let seen = batches.map { batch in
            SettleBatch(
                lease: shown(batch.lease), first: batch.first, last: batch.last, items: batch.items,
                parks: batch.parks, crashesAfter: batch.crashesAfter)
        }
        let settled = try await queue.settle(seen, thenPeek: wants)
        for (batch, outcome) in zip(batches, settled.outcomes) { check(batch.lease, outcome) }
        return settled
    }

    func settleParked(_ batches: [ParkedSettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        let seen = batches.map { batch in
            ParkedSettleBatch(
                lease: shown(batch.lease), first: batch.first, last: batch.last, peeked: batch.peeked,
                done: batch.done, next: batch.next, retrying: batch.retrying, crashesAfter: batch.crashesAfter
            )
        }
        let outcomes = try await queue.settleParked(seen)
        for (batch, outcome) in zip(batches, outcomes) { check(batch.lease, outcome) }
        return outcomes
    }

    func parked(among users: [UserID], of lane: Lane) async throws(QueueError) -> Set<UserID> {
        let parked = try await queue.parked(among: users, of: lane)
        return world.breakage == .parkingOrder ? [] : parked
    }

    // MARK: as they are

    func acquire(
        _ lanes: [Lane], as token: LeaseToken, for duration: Duration
    ) async throws(QueueError) -> [Acquisition] {
        try await queue.acquire(lanes, as: token, for: duration)
    }
    func renew(_ leases: [Lease], for duration: Duration) async throws(QueueError) -> [Bool] {
        try await queue.renew(leases, for: duration)
    }
    func release(_ leases: [Lease]) async throws(QueueError) { try await queue.release(leases) }
    func peek(_ wants: [PrefixRequest]) async throws(QueueError) -> [LanePrefix] {
        try await queue.peek(wants)
    }
    func due(_ lanes: [Lane], at now: Timestamp, limit: Int) async throws(QueueError) -> [ParkedUser] {
        try await queue.due(lanes, at: now, limit: limit)
    }
    func peekParked(_ users: [ParkedUser], count: Int) async throws(QueueError) -> [ParkedPrefix] {
        try await queue.peekParked(users, count: count)
    }
    func beginAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) -> Int? {
        try await queue.beginAlone(entry, in: lease)
    }
    func withdrawAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) {
        try await queue.withdrawAlone(entry, in: lease)
    }
    func push(_ entries: [RedriveEntry]) async throws(QueueError) -> [Bool] {
        try await queue.push(entries)
    }
    func heartbeat(
        _ worker: WorkerID, info: [UInt8], forgetAfter: Duration
    ) async throws(QueueError) -> [WorkerSign] {
        try await queue.heartbeat(worker, info: info, forgetAfter: forgetAfter)
    }
    func leave(_ worker: WorkerID) async throws(QueueError) { try await queue.leave(worker) }
    func awaitBell(_ lanes: [Lane], limit: Duration) async throws(QueueError) -> Set<Lane> {
        try await queue.awaitBell(lanes, limit: limit)
    }
    var waker: Waker { queue.waker }
    func settings() async throws(QueueError) -> [String: [UInt8]] { try await queue.settings() }
    func restore(settings: [String: [UInt8]]) async throws(QueueError) {
        try await queue.restore(settings: settings)
    }
}
