internal import Shared

/// What ingest does with lanes in Redis: push mutations, look for requests. Confined to one loop.
final class LaneStore {
    private let redis: LoopRedis
    let depths: LaneDepths
    private let keys: [LaneKeys]
    private let loop: EventLoop
    private let reader: JSONReader
    private let batch: PushBatch
    /// Where an entry is put together.
    private var entry = JSONWriter(capacity: 4096)
    /// Replicas that must have a push before it is confirmed (`TASKLANE_WAIT_REPLICAS`).
    private let replicas: Int

    /// Idempotency keys are kept for a day.
    private static let keyLifetime: Duration = .seconds(86400)
    private static let replicaMilliseconds = 1000

    init(
        on loop: EventLoop, redis: LoopRedis, keys: [LaneKeys], depths: LaneDepths, reader: JSONReader,
        replicas: Int
    ) {
        self.loop = loop
        self.redis = redis
        self.keys = keys
        self.depths = depths
        self.reader = reader
        self.replicas = replicas
        batch = PushBatch(pipeline: redis.pipeline, keys: keys, depths: depths, on: loop)
    }

    /// True where one more would pass the limit, as far as is known.
    func seemsFull(_ lane: Lane) -> Bool { depths.seemsFull(lane, adding: 1) }

    func lane(of user: UserID) -> Lane { Lane(of: user, lanes: keys.count) }

    /// True where a single push may go with others of its turn: a push that must reach replicas waits for its own.
    var gathers: Bool { replicas == 0 }

    /// Pushes one mutation that carries no key, as `write` puts its entry down, and tells `waiter`. Only where `gathers`.
    func push(to lane: Lane, telling waiter: any PushWaiter, _ write: (inout JSONWriter) -> Void) {
        entry.removeAll()
        write(&entry)
        let bytes = entry.bytes
        batch.add(bytes.span, to: lane, waiter)
    }

    /// The same for a task that waits.
    func push(_ mutation: Mutation) async throws(PushFailure) {
        guard gathers else { return try await push([mutation.encode()], to: lane(of: mutation.user)) }
        let push = AwaitedPush(on: loop)
        self.push(to: lane(of: mutation.user), telling: push) { mutation.encode(to: &$0) }
        if let failure = await push.latch.value() { throw failure }
    }

    /// Pushes mutations of one user that carry no key, in order; all or none.
    func push(_ entries: [[UInt8]], to lane: Lane) async throws(PushFailure) {
        let keys = keys[lane.index]
        _ = try await run(.push(entries, keys: keys), entries.count, lane)
    }

    /// Pushes what is new of lines of which some carry a key.
    func enqueue(
        _ lines: [EnqueueLine], of user: UserID, lenient: Bool
    ) async throws(PushFailure) -> EnqueueOutcome {
        let lane = lane(of: user)
        let command = EnqueueCommand.once(
            lines, of: user, keys: keys[lane.index], lifetime: LaneStore.keyLifetime, lenient: lenient)
        return try await run(command, lines.count, lane)
    }

    /// Reads the stored resource of one request; nil where there is none.
    func readResult(
        of id: UUID, _ user: UserID, _ completion: @escaping (Swift.Result<[UInt8]?, RedisError>) -> Void
    ) {
        let keys = keys[lane(of: user).index]
        redis.pipeline.send(3) {
            keys.writeReadResult(id, to: &$0)
        } _: { reply in
            completion(reply.map(\.bytes))
        }
    }

    private func run(
        _ command: EnqueueCommand, _ count: Int, _ lane: Lane
    ) async throws(PushFailure) -> EnqueueOutcome {
        depths.began(lane, count)
        var depth: Int?
        var pushed = 0
        defer {
            depths.drained(depths.ended(lane, began: count, pushed: pushed, depth: depth), loop.now)
        }
        var commands = command.commands
        if replicas > 0 {
            commands.append(["WAIT", .number(replicas), .number(LaneStore.replicaMilliseconds)])
        }
        let replies = try await send(commands, deciding: command.commands.count - 1)
        let outcome: EnqueueOutcome
        do throws(QueueError) { outcome = try command.outcome(of: replies.answer) } catch {
            throw PushFailure(error)
        }
        pushed = outcome.pushed
        if pushed > 0 { depth = outcome.depth }
        // Pushed, but on too few hosts: a failover could lose it, so it is not confirmed.
        if replicas > 0, pushed > 0, replies.replicas < Int64(replicas) { throw .unknown }
        return outcome
    }

    /// Sends commands of which the one at `place` decides; a script that the server forgot is sent whole.
    private func send(
        _ commands: [[RedisArgument]], deciding place: Int
    ) async throws(PushFailure) -> (answer: RedisReply, replicas: Int64) {
        do throws(RedisError) {
            var replies = try await redis.send(commands)
            if case .failure(.refused(let refusal)) = replies[place], refusal.code == .noScript {
                var whole = commands
                whole[place][0] = "EVAL"
                whole[place][1] = .bytes(LaneScript.enqueue.source)
                replies = try await redis.send(whole)
            }
            let confirmed = place + 1 < replies.count ? try replies[place + 1].get().integer ?? 0 : 0
            return (try replies[place].get(), confirmed)
        } catch { throw PushFailure(error) }
    }

    /// How many mutations are queued in the lane, as Redis says now; nil where it does not say.
    func depth(of lane: Lane) async -> Int? {
        let length: Int64?
        do throws(RedisError) {
            length = try await redis.send([["LLEN", .bytes(keys[lane.index].queue)]])[0].get().integer
        } catch { return nil }
        guard let length else { return nil }
        depths.saw(lane, depth: Int(length), now: loop.now)
        return Int(length)
    }
}

/// A push whose outcome a task waits for.
private final class AwaitedPush: PushWaiter {
    let latch: Latch<PushFailure?>

    init(on loop: EventLoop) { latch = Latch(on: loop) }

    func pushed(_ failure: PushFailure?) { latch.fulfil(failure) }
}

/// Why a push was not confirmed.
enum PushFailure: Error {
    /// Surely nothing was queued.
    case refused
    /// It may have been queued.
    case unknown

    init(_ error: RedisError) { self = error.mayHaveRun ? .unknown : .refused }

    init(_ error: QueueError) {
        switch error {
        case .unavailable, .full: self = .refused
        case .unanswered: self = .unknown
        }
    }

    var problem: Problem { .storageUnavailable(accepted: self == .refused ? .no : .unknown) }
}

extension LaneStore {
    /// What requests look like from their lane, read in one round trip: the lane first, the results last, so that what
    /// is settled in between is found in one of them.
    struct View {
        /// The oldest entry's request id and whether it was redriven; nil for an empty lane, or an entry without an id.
        var head: (id: UUID, isRedrive: Bool)?
        /// The oldest entry is one that nobody can read, to be dead-lettered by itself.
        var isHeadUnreadable = false
        /// The user's oldest parked mutation.
        var parked: UUID?
        /// When it is tried next, and how often it was tried.
        var nextTry: Timestamp?
        var attempts = 0
        /// The resources as a worker wrote them, in the order of the ids.
        var results: [[UInt8]?] = []
    }

    /// The resources of requests of one user, where a worker wrote them, in the order of the ids.
    func results(_ ids: [UUID], of user: UserID) async throws(RedisError) -> [[UInt8]?] {
        let keys = keys[lane(of: user).index]
        var results: [[UInt8]?] = []
        results.reserveCapacity(ids.count)
        for reply in try await redis.send(ids.map { keys.readResult($0) }) {
            results.append(try reply.get().bytes)
        }
        return results
    }

    /// Looks for requests of one user.
    func view(_ ids: [UUID], of user: UserID) async throws(RedisError) -> View {
        let keys = keys[lane(of: user).index]
        var commands: [[RedisArgument]] = [
            ["LINDEX", .bytes(keys.queue), 0],
            ["LINDEX", .bytes(keys.parked(user)), 0],
            ["ZSCORE", .bytes(keys.due), .bytes(user.bytes)],
            ["HGET", .bytes(keys.attempts), .bytes(user.bytes)],
        ]
        for id in ids { commands.append(keys.readResult(id)) }
        var replies: [RedisReply] = []
        for reply in try await redis.send(commands) { replies.append(try reply.get()) }
        var view = View()
        view.head = replies[0].bytes.flatMap { entry($0.span) }
        view.isHeadUnreadable = view.head == nil && replies[0].bytes != nil
        view.parked = replies[1].bytes.flatMap { entry($0.span)?.id }
        view.nextTry = replies[2].text.flatMap { Double($0) }.map { Timestamp(milliseconds: Int64($0)) }
        view.attempts = replies[3].bytes.map { countElements($0.span) } ?? 0
        view.results = replies[4...].map(\.bytes)
        return view
    }

    /// The id of a lane entry; nil for one that nobody can read, which will be dead-lettered by itself.
    private func entry(_ text: Span<UInt8>) -> (id: UUID, isRedrive: Bool)? {
        do throws(JSONError) {
            return try reader.read(text) { (document) throws(Never) -> (id: UUID, isRedrive: Bool)? in
                guard let id = document.uuid("id", of: document.root) else { return nil }
                return (id, (document.integer("redrive", of: document.root) ?? 0) > 0)
            }.get()
        } catch { return nil }
    }

    private func countElements(_ text: Span<UInt8>) -> Int {
        do throws(JSONError) {
            return try reader.read(text) { (document) throws(Never) in
                if case .array(let count) = document.kind(at: document.root) { return count }
                return 0
            }.get()
        } catch { return 0 }
    }
}
