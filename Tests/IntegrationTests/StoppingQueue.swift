import Shared

/// A queue that tells when its applier has nothing to do, and is the memory queue in all else.
final class StoppingQueue: Queue {
    private let queue: MemoryQueue
    private let atRest: () -> Void
    /// Trips that were made for a peek alone.
    private(set) var peeks = 0

    init(_ queue: MemoryQueue, atRest: @escaping () -> Void) {
        self.queue = queue
        self.atRest = atRest
    }

    func settle(
        _ batches: [SettleBatch], thenPeek wants: [PrefixRequest]
    ) async throws(QueueError) -> (outcomes: [SettleOutcome], ahead: [LanePrefix]) {
        try await queue.settle(batches, thenPeek: wants)
    }
    func settleParked(_ batches: [ParkedSettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        try await queue.settleParked(batches)
    }
    func parked(among users: [UserID], of lane: Lane) async throws(QueueError) -> Set<UserID> {
        try await queue.parked(among: users, of: lane)
    }
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
        peeks += 1
        return try await queue.peek(wants)
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
        if limit > .zero { atRest() }
        return try await queue.awaitBell(lanes, limit: limit)
    }
    var waker: Waker { queue.waker }
    func settings() async throws(QueueError) -> [String: [UInt8]] { try await queue.settings() }
    func restore(settings: [String: [UInt8]]) async throws(QueueError) {
        try await queue.restore(settings: settings)
    }
}
