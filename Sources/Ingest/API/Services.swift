internal import CSystem
internal import Shared

/// What the handlers of one loop work with. Made by the wiring; confined to the loop.
final class Services {
    let loop: EventLoop
    let configuration: Configuration
    let authenticator: Authenticator
    let ids: RequestIDs
    let cursors: CursorSealer
    let lanes: LaneStore
    let waiters: Waiters
    let states: RequestStates
    let reads: TaskReads
    let rateLimiter: RateLimiter?
    let metrics: APIMetrics
    let log: Log
    let bodies = MutationBody(reader: JSONReader())
    let reader = JSONReader()
    let retention: Duration
    let acceptances: Acceptances
    /// Set when the server begins to drain: nobody starts to wait any more.
    var isDraining = false

    init(
        on loop: EventLoop, configuration: Configuration, idKey: [UInt8], authenticator: Authenticator,
        lanes: LaneStore, waiters: Waiters, states: RequestStates, reads: TaskReads,
        rateLimiter: RateLimiter?, metrics: APIMetrics, log: Log
    ) {
        self.loop = loop
        self.configuration = configuration
        self.authenticator = authenticator
        ids = RequestIDs(key: idKey)
        cursors = CursorSealer(idKey: idKey)
        self.lanes = lanes
        self.waiters = waiters
        self.states = states
        self.reads = reads
        self.rateLimiter = rateLimiter
        self.metrics = metrics
        self.log = log
        retention = .seconds(configuration.retentionDays * 86400)
        acceptances = Acceptances(retention: retention)
    }

    var now: Timestamp { Timestamp(micros: loop.wallMicros) }

    /// Answers long polls with what there is, from now on.
    func drain() {
        isDraining = true
        waiters.ringAll()
    }

    // MARK: Mutations

    /// Gives what a client wants done its ids and its time.
    func accept(_ intent: Intent, from identity: Identity) -> Receipt {
        let now = now
        let id = ids.mint(for: identity.user, now: now)
        return Receipt(
            id: id, task: intent.task ?? TaskIDs.task(of: id), operation: intent.change.operation,
            acceptedAt: now)
    }

    /// Makes a mutation of what a client wants done.
    func mint(_ intent: Intent, for identity: Identity, traceID: [UInt8]?) -> Mutation {
        Mutation(accept(intent, from: identity), intent, from: identity, traceID: traceID)
    }

    /// The mutation as it was minted the first time it came, under the id it got then.
    func again(_ mutation: Mutation, as id: UUID) -> Mutation {
        var first = mutation
        first.task = mutation.task == TaskIDs.task(of: mutation.id) ? TaskIDs.task(of: id) : mutation.task
        first.id = id
        return first
    }

    /// Counts and logs a mutation that is on its lane.
    func noteAccepted(_ receipt: Receipt, of user: UserID, _ head: RequestHead) {
        metrics.accepted(receipt.operation)
        logAccepted(receipt, of: user, head)
    }

    func logAccepted(_ receipt: Receipt, of user: UserID, _ head: RequestHead) {
        guard log.writes(.debug) else { return }
        log.debug(
            "accepted", .word("op", receipt.operation.name), .bytes("user_id", user.bytes),
            .uuid("task_id", receipt.task), .uuid("request_id", receipt.id),
            .bytes("x_request_id", head.correlationID.bytes))
    }

    // MARK: Waiting

    /// How long a client wants to wait; nil for not at all.
    func wait(_ preferences: Preferences) -> Duration? {
        if let seconds = preferences.waitSeconds { return seconds > 0 ? .seconds(seconds) : nil }
        guard !preferences.respondsAsync, configuration.defaultWait > .zero else { return nil }
        return configuration.defaultWait
    }

    /// Waits for a mutation that was just queued; nil where it is not done in time.
    func outcome(of mutation: Mutation, waiter: Waiters.Waiter, wait: Duration) async -> RequestResource? {
        let deadline = loop.now + wait
        while await pause(waiter, until: deadline) {
            let answers: [RequestStates.Answer]
            do throws(RequestStates.Unavailable) {
                answers = try await states.lookForDone([mutation.id], of: mutation.user)
            } catch { continue }
            if let resource = resource(answers[0], of: mutation.user), resource.isDone { return resource }
        }
        return nil
    }

    /// The states of requests, at once or as soon as all are done, or when `wait` is over.
    func poll(
        _ ids: [UUID], of user: UserID, wait: Duration?
    ) async throws(RequestStates.Unavailable) -> [RequestStates.Answer] {
        guard let wait, !isDraining else { return try await states.look(ids, of: user) }
        let deadline = loop.now + wait
        let waiter = waiters.enter(ids)
        defer { waiters.leave(waiter) }
        var answers = try await states.look(ids, of: user)
        while !answers.allSatisfy({ $0.isDone() }) {
            guard await pause(waiter, until: deadline) else { break }
            answers = try await states.lookForDone(ids, of: user)
        }
        return answers
    }

    /// Suspends until it is worth a look; false when the wait is over.
    private func pause(_ waiter: Waiters.Waiter, until deadline: LoopInstant) async -> Bool {
        guard !isDraining, loop.now < deadline else { return false }
        let again = min(deadline, loop.now + Services.recheck)
        let isHere = await waiters.next(waiter, until: again)
        // At the deadline one last look: the message may be under way.
        return isHere && !isDraining
    }

    /// The net under lost messages.
    private static let recheck: Duration = .seconds(5)

    func resource(_ answer: RequestStates.Answer, of user: UserID) -> RequestResource? {
        switch answer {
        case .stored(let text): RequestResource(text.span, user: user, reader: reader)
        case .resource(let resource): resource
        case .expired: nil
        }
    }

    // MARK: Requests

    func query(_ exchange: Exchange, known: [StaticString]) throws(Rejection) -> QueryParameters {
        do throws(QueryParameters.Refusal) {
            return try QueryParameters(exchange.head.query, known: known)
        } catch { throw Rejection(error.problem) }
    }
}

/// A request that is answered with a problem.
struct Rejection: Error {
    let problem: Problem

    init(_ problem: Problem) { self.problem = problem }
}

/// The ids of tasks that clients do not name themselves.
enum TaskIDs {
    /// A UUIDv7 that follows from the id of the request that creates the task, so that a replayed request names the
    /// same task although nothing of it was stored. Mixed, because a request's code is nobody else's to see.
    static func task(of request: UUID) -> UUID {
        var mixer = SplitMix64(seed: request.low)
        return UUID(high: request.high, low: mixer.next() & 0x3FFF_FFFF_FFFF_FFFF | 1 << 63)
    }
}

extension Mutation {
    init(_ receipt: Receipt, _ intent: Intent, from identity: Identity, traceID: [UInt8]?) {
        self.init(
            id: receipt.id, user: identity.user, task: receipt.task, acceptedAt: receipt.acceptedAt,
            change: intent.change, precondition: intent.condition?.precondition, traceID: traceID,
            email: identity.email, name: identity.name)
    }
}
