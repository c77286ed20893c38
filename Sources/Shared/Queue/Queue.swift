/// The lanes as a worker sees them: leases, prefixes, settling, parked users, bells (DESIGN.md §2).
///
/// Two implementations, held to one conformance suite: `RedisQueue` and `MemoryQueue`. An instance belongs to one
/// thread (`RedisQueue` blocks it); every method may throw `QueueError`, and after a throw the instance goes on
/// working once the server is back. Methods that take many lanes cost one round trip.
package protocol Queue: AnyObject {
    // MARK: leases

    /// Takes each lane that nobody holds for `duration`, under `token`, which must be fresh: never used before.
    /// Answers in the order of `lanes`.
    func acquire(
        _ lanes: [Lane], as token: LeaseToken, for duration: Duration
    ) async throws(QueueError) -> [Acquisition]

    /// Prolongs leases to `duration` from now; false where the lane is not the token's any more.
    func renew(_ leases: [Lease], for duration: Duration) async throws(QueueError) -> [Bool]

    /// Gives lanes back, so that the next owner takes over at once and counts no crash. A lease that is not held
    /// any more is passed over.
    func release(_ leases: [Lease]) async throws(QueueError)

    // MARK: the prefix of a lane

    /// The oldest entries of each lane, at most `count` of each; nothing is removed.
    func peek(_ wants: [PrefixRequest]) async throws(QueueError) -> [LanePrefix]

    /// Which of `users` are parked: their entries go behind their parked ones (`SettledItem.park`) and are not
    /// applied. Only the owner's settles change the answer. Needed only where `LanePrefix.parkedUsers` is not 0.
    func parked(among users: [UserID], of lane: Lane) async throws(QueueError) -> Set<UserID>

    /// Removes a prefix whose effects are committed, and publishes the results; all of it or nothing.
    ///
    /// **Never send the same batch again after `unanswered`**: it may have been trimmed, and a second trim would
    /// remove what nobody applied. Peek again; the inbox sorts it out. Batches are independent of each other and
    /// answered in order; when it throws, each of them may or may not have been settled.
    ///
    /// In the same trip, and after the trim, the prefixes of `wants` are read as `peek` does. None come back where the
    /// queue could not read them on the way: a `peek` tells why.
    func settle(
        _ batches: [SettleBatch], thenPeek wants: [PrefixRequest]
    ) async throws(QueueError) -> (outcomes: [SettleOutcome], ahead: [LanePrefix])

    // MARK: parked users

    /// Users of each lane whose next try is due at `now`, longest due first, at most `limit` of each lane.
    func due(_ lanes: [Lane], at now: Timestamp, limit: Int) async throws(QueueError) -> [ParkedUser]

    /// The oldest entries of parked users, at most `count` of each, with the record of their attempts.
    func peekParked(_ users: [ParkedUser], count: Int) async throws(QueueError) -> [ParkedPrefix]

    /// As `settle`, for the head of one parked user's list. The same rule: never sent again.
    func settleParked(_ batches: [ParkedSettleBatch]) async throws(QueueError) -> [SettleOutcome]

    // MARK: poison

    /// Notes that the entry is about to be applied alone, and answers how many such tries, this one included,
    /// were begun and neither settled nor withdrawn: each of the earlier ones cost a worker its life.
    /// Nil when the lane is not the token's any more.
    func beginAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) -> Int?

    /// Takes one such note back: the try ended in an outage, and its worker lives to tell.
    func withdrawAlone(_ entry: UUID, in lease: Lease) async throws(QueueError)

    // MARK: redrive

    /// Pushes mutations again under their own request ids: forgets their old results, counts them as accepted. Answers,
    /// in order, whether each was taken: a full queue refuses. When it throws, any of them may have been pushed.
    /// Harmless when done twice: the inbox takes a redrive number once.
    func push(_ entries: [RedriveEntry]) async throws(QueueError) -> [Bool]

    // MARK: workers and bells

    /// Says that `worker` lives, with `info` (JSON for operators), and answers every worker that is registered, this
    /// one among them, with the age of its last heartbeat. Those silent for longer than `forgetAfter` are dropped.
    func heartbeat(
        _ worker: WorkerID, info: [UInt8], forgetAfter: Duration
    ) async throws(QueueError) -> [WorkerSign]

    /// Takes `worker` out of the registry, so that the others share its lanes at once.
    func leave(_ worker: WorkerID) async throws(QueueError)

    /// Waits until one of `lanes` becomes non-empty or `limit` has passed, and answers the lanes that rang.
    ///
    /// Bells may be lost (so sweep once a second); after a lost connection, and at the first call with a lane, that
    /// lane counts as having rung. `waker` ends the wait.
    func awaitBell(_ lanes: [Lane], limit: Duration) async throws(QueueError) -> Set<Lane>

    /// Ends a wait in `awaitBell`; may be given to other threads.
    var waker: Waker { get }

    // MARK: settings

    /// The settings that Redis holds a copy of (`lanes`, `schema_version`, `id_key`); empty after a flush.
    func settings() async throws(QueueError) -> [String: [UInt8]]

    /// Writes the settings that are missing, never over one that is there.
    func restore(settings: [String: [UInt8]]) async throws(QueueError)
}
