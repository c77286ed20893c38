internal import Shared

/// Tells the state of requests from their lane, from Redis and from PostgreSQL, in this order, so that a request which
/// is settled while we look is found further on and never taken for lost (API.md §5).
final class RequestStates {
    /// What is known of one request; the body is what the client gets, in part or whole.
    enum Answer {
        /// A resource that a worker wrote of a request that is done, as it stands in Redis.
        case stored([UInt8])
        case resource(RequestResource)
        /// Known to nobody and older than the retention.
        case expired
    }

    /// Neither store can say.
    struct Unavailable: Error {}

    private let lanes: LaneStore
    private let stored: TaskReads
    private let waiters: Waiters
    private let loop: EventLoop
    private let retention: Duration
    private let resultTTL: Duration
    private let unaccounted: Counter
    private let reader = JSONReader()

    /// Ids of one lane may lie a little out of order: two loops mint, and two hosts' clocks differ.
    private static let skewMilliseconds: Int64 = 5000

    init(
        on loop: EventLoop, lanes: LaneStore, stored: TaskReads, waiters: Waiters,
        configuration: Configuration, unaccounted: Counter
    ) {
        self.loop = loop
        self.lanes = lanes
        self.stored = stored
        self.waiters = waiters
        retention = .seconds(configuration.retentionDays * 86400)
        resultTTL = configuration.resultTTL
        self.unaccounted = unaccounted
    }

    /// The states of `ids`, all of `user`, in their order.
    func look(_ ids: [UUID], of user: UserID) async throws(Unavailable) -> [Answer] {
        let view: LaneStore.View?
        do throws(RedisError) { view = try await lanes.view(ids, of: user) } catch { view = nil }
        var answers: [Answer?] = ids.map { _ in nil }
        var tried: [UUID: RequestResource] = [:]
        var missing: [Int] = []
        for (place, id) in ids.enumerated() {
            if let text = view?.results[place] {
                tried[id] = triedOnly(text, user)
                if tried[id] == nil {
                    answers[place] = .stored(text)
                    continue
                }
            }
            if let view, isSurelyQueued(id, view) {
                answers[place] = .resource(waiting(id, user, view, tried[id]))
            } else {
                missing.append(place)
            }
        }
        if !missing.isEmpty {
            let found = await find(missing.map { ids[$0] }, user)
            for place in missing {
                answers[place] = try answer(ids[place], user, view, found, tried[ids[place]])
            }
        }
        return answers.map { $0 ?? .expired }
    }

    /// As `look`, for requests that are believed to be done: one command for each, and a whole look only where the
    /// belief was wrong.
    func lookForDone(_ ids: [UUID], of user: UserID) async throws(Unavailable) -> [Answer] {
        let results: [[UInt8]?]
        do throws(RedisError) { results = try await lanes.results(ids, of: user) } catch {
            return try await look(ids, of: user)
        }
        let texts = results.compactMap { $0 }
        guard texts.count == ids.count, texts.allSatisfy({ triedOnly($0, user) == nil }) else {
            return try await look(ids, of: user)
        }
        return texts.map { .stored($0) }
    }

    /// Nil when PostgreSQL does not answer.
    private func find(_ ids: [UUID], _ user: UserID) async -> [UUID: StoredRequest]? {
        do throws(ReadFailure) { return try await stored.requests(ids, of: user) } catch { return nil }
    }

    private func answer(
        _ id: UUID, _ user: UserID, _ view: LaneStore.View?, _ found: [UUID: StoredRequest]?,
        _ tried: RequestResource?
    ) throws(Unavailable) -> Answer {
        if let row = found?[id] {
            if row.isRedriven { return .resource(RequestResource(id: id, user: user, state: .queued)) }
            return .resource(row.resource)
        }
        guard let view else { throw Unavailable() }
        if mayBeQueued(id, view) { return .resource(waiting(id, user, view, tried)) }
        guard found != nil else { throw Unavailable() }
        if isPastRetention(id) { return .expired }
        unaccounted.add()
        return .resource(RequestResource(id: id, user: user, state: .unaccounted))
    }

    private func isPastRetention(_ id: UUID) -> Bool {
        RequestLife.expiry(of: id, retention: retention).micros < loop.wallMicros
    }

    /// The lane is first in, first out: what is younger than its head has not been applied, unless this loop has heard
    /// that it is done, which may be told before it is settled. Not asked of an old request: a redriven entry keeps its
    /// old id, and may be the head.
    private func isSurelyQueued(_ id: UUID, _ view: LaneStore.View) -> Bool {
        guard let head = view.head, !head.isRedrive, view.parked == nil, !waiters.hasHeard(of: id) else {
            return false
        }
        return head.id <= id && isYoung(id)
    }

    private func mayBeQueued(_ id: UUID, _ view: LaneStore.View) -> Bool {
        let latest = id.milliseconds + RequestStates.skewMilliseconds
        // A head that nobody can read says nothing of what stands behind it, nor does one from a clock that ran ahead.
        if view.isHeadUnreadable { return true }
        let now = loop.wallMicros / 1000
        if let head = view.head,
            head.isRedrive || head.id.milliseconds <= latest || head.id.milliseconds > now
        {
            return true
        }
        if let parked = view.parked, parked.milliseconds <= latest { return true }
        return false
    }

    /// The resource of a mutation that was tried and waits for the next try; nil for one that is done.
    private func triedOnly(_ text: [UInt8], _ user: UserID) -> RequestResource? {
        guard RequestStates.isRetry(text) else { return nil }
        guard let resource = RequestResource(text.span, user: user, reader: reader), !resource.isDone else {
            return nil
        }
        return resource
    }

    /// True for a result that only tells of a try. Workers write the members in one order: this is told by one byte,
    /// not by reading them.
    static func isRetry(_ text: [UInt8]) -> Bool {
        text.dropFirst(stateOffset).first == UInt8(ascii: "r")
    }

    /// True where a request that has no result in Redis is not done: its result would not have expired by far.
    func isYoung(_ id: UUID) -> Bool {
        loop.wallMicros / 1000 - id.milliseconds < resultTTL.components.seconds * 500
    }

    /// Where the state begins in `{"id":"…","status":"retrying"`.
    private static let stateOffset = #"{"id":"","status":""#.utf8.count + UUID.textCount

    /// `retrying` for the mutation that is tried again; those behind it wait for it.
    private func waiting(
        _ id: UUID, _ user: UserID, _ view: LaneStore.View, _ tried: RequestResource?
    ) -> RequestResource {
        var resource = tried ?? RequestResource(id: id, user: user, state: .queued)
        if view.parked == id, let next = view.nextTry, view.attempts > 0 {
            resource.state = .retrying(attempts: view.attempts, nextAttemptAt: next)
            resource.attempts = view.attempts
        }
        return resource
    }
}

extension RequestStates.Answer {
    /// True for a state that does not change by itself.
    func isDone() -> Bool {
        switch self {
        case .stored, .expired: true
        case .resource(let resource): resource.isDone
        }
    }
}
