internal import Shared

/// Accepts up to a thousand operations at once: checks all, queues all good ones in one step, in order (API.md §4).
struct BulkHandler {
    let services: Services

    func respond(_ request: Request, _ exchange: Exchange) async -> Response {
        guard let identity = exchange.identity else { preconditionFailure("a bulk without a user") }
        let preferences = exchange.readPreferences()
        let bulk: BulkBody
        let header: IdempotencyKey?
        do throws(Rejection) {
            (bulk, header) = try read(request, exchange)
            if !bulk.faults.isEmpty, !preferences.isLenient || bulk.lines.isEmpty {
                throw Rejection(Problem(faults: bulk.faults.faults, omitted: bulk.faults.omitted))
            }
            try await checkLimits(bulk.lines.count, identity.user)
        } catch { return exchange.answer(error.problem) }

        let traceID = exchange.traceID
        var items = bulk.lines.map { line in
            BulkItem(
                line: line.number, intent: line.intent,
                mutation: services.mint(line.intent, for: identity, traceID: traceID))
        }
        let wait = services.wait(preferences)
        let waiter = wait.map { _ in services.waiters.enter(items.map(\.mutation.id)) }
        defer { if let waiter { services.waiters.leave(waiter) } }
        do throws(PushFailure) {
            try await push(&items, header, exchange, lenient: preferences.isLenient)
        } catch { return exchange.answer(error.problem) }
        let reused = items.filter(\.isReused)
        if !reused.isEmpty, !preferences.isLenient || reused.count == items.count {
            return exchange.answer(BulkAnswer.reused(reused))
        }
        count(items, exchange)
        return await answer(items, bulk, preferences, wait: wait, exchange)
    }

    // MARK: Reading

    private func read(
        _ request: Request, _ exchange: Exchange
    ) throws(Rejection) -> (BulkBody, IdempotencyKey?) {
        let body = request.body
        try ContentCheck.check(body, exchange)
        var key: IdempotencyKey?
        if let text = exchange.head[.idempotencyKey] {
            key = IdempotencyKey(Array(text))
            guard key != nil else { throw Rejection(.malformedIdempotencyKey) }
        }
        guard exchange.head[.ifMatch] == nil else {
            throw Rejection(.parameter("If-Match", "is not taken by a bulk: write if_match into its lines"))
        }
        _ = try services.query(exchange, known: [])
        let isArray = ContentCheck.type(exchange.head, among: exchange.route.content.types) == .json
        do throws(BulkBody.Refusal) {
            let bulk =
                isArray
                ? try BulkBody(array: body.span, reader: services.reader)
                : try BulkBody(ndjson: body.span, reader: services.reader)
            return (bulk, key)
        } catch {
            switch error {
            case .tooManyLines:
                throw Rejection(
                    Problem(
                        .contentTooLarge, detail: "a bulk may have at most \(BulkBody.linesMax) operations"))
            case .body(let refusal): throw Rejection(Problem(refusal))
            }
        }
    }

    /// What only the number of lines decides. One line was counted when the head came.
    private func checkLimits(_ count: Int, _ user: UserID) async throws(Rejection) {
        guard count > 1 else { return }
        if let limiter = services.rateLimiter {
            let standing = limiter.take(count - 1, after: 1, of: user, now: services.loop.now)
            guard standing.isAllowed else { throw Rejection(limiter.problem(standing)) }
        }
        let lane = services.lanes.lane(of: user)
        let depths = services.lanes.depths
        guard depths.seemsFull(lane, adding: count), let depth = await services.lanes.depth(of: lane),
            depth + count > depths.limit
        else { return }
        throw Rejection(depths.overloaded(lane))
    }

    // MARK: Queueing

    private func push(
        _ items: inout [BulkItem], _ header: IdempotencyKey?, _ exchange: Exchange, lenient: Bool
    ) async throws(PushFailure) {
        guard let user = exchange.user else { return }
        let scope = header == nil ? [] : BulkHandler.scope(items)
        let path = Array("/api/".utf8) + user.bytes + Array("/tasks/bulk".utf8)
        var lines: [EnqueueLine] = []
        for item in items {
            // A key of the whole bulk stands for each of its lines that has none of its own.
            let own = item.intent.key
            let key = own ?? header.map { IdempotencyKey(line: item.line, of: $0) }
            let fingerprint = key.map { _ in
                item.intent.fingerprint(method: "POST", path: path, scope: own == nil ? scope : [])
            }
            lines.append(
                EnqueueLine(
                    id: item.mutation.id, entry: item.mutation.encode(),
                    key: key.flatMap { key in
                        fingerprint.map { .init(name: key.bytes, fingerprint: $0.bytes) }
                    }))
        }
        guard lines.contains(where: { $0.key != nil }) else {
            return try await services.lanes.push(lines.map(\.entry), to: services.lanes.lane(of: user))
        }
        let outcome = try await services.lanes.enqueue(lines, of: user, lenient: lenient)
        for place in items.indices {
            switch outcome.lines[place] {
            case .new: break
            case .replayed(let id):
                items[place].mutation = services.again(items[place].mutation, as: id)
                items[place].isReplayed = true
            case .reused: items[place].isReused = true
            }
        }
    }

    /// The content of the whole bulk: another bulk under the same key is another request.
    private static func scope(_ items: [BulkItem]) -> [UInt8] {
        var text: [UInt8] = []
        for item in items { item.intent.appendCanonical(to: &text) }
        return SHA256.hash(text).bytes
    }

    private func count(_ items: [BulkItem], _ exchange: Exchange) {
        for operation in Mutation.Operation.allCases {
            let count = items.count {
                $0.mutation.change.operation == operation && !$0.isReplayed && !$0.isReused
            }
            if count > 0 { services.metrics.accepted(operation, count) }
        }
        for item in items where !item.isReplayed && !item.isReused {
            services.logAccepted(
                Receipt(item.mutation), of: item.mutation.user, exchange.head)
        }
    }

    // MARK: Answering

    private func answer(
        _ items: [BulkItem], _ bulk: BulkBody, _ preferences: Preferences, wait: Duration?,
        _ exchange: Exchange
    ) async -> Response {
        let good = items.filter { !$0.isReused }
        let answer = BulkAnswer(items: items, badLines: bulk.badLines, faults: bulk.faults.faults)
        var response: Response
        if let wait, let verdicts = await verdicts(good, exchange, wait: wait) {
            response = answer.done(verdicts)
        } else {
            response = answer.accepted()
        }
        preferences.addApplied(
            isWaited: wait != nil, isLenient: preferences.isLenient, to: &response)
        // Everything of this user that was queued until now is done once the last of these is.
        let newest = good.filter { !$0.isReplayed }.last ?? good.max { $0.mutation.id < $1.mutation.id }
        if let newest { Acceptances.addSyncToken(newest.mutation.id, to: &response) }
        if good.allSatisfy(\.isReplayed) { response.headers.append("Idempotent-Replayed: true\r\n") }
        return response
    }

    /// The resources of all items, once all are done; nil when the wait is over before that.
    private func verdicts(
        _ items: [BulkItem], _ exchange: Exchange, wait: Duration
    ) async -> [UUID: [UInt8]]? {
        guard let user = exchange.user else { return nil }
        let ids = items.map(\.mutation.id)
        let answers: [RequestStates.Answer]
        do throws(RequestStates.Unavailable) {
            answers = try await services.poll(ids, of: user, wait: wait)
        } catch { return nil }
        guard answers.allSatisfy({ $0.isDone() }) else { return nil }
        let bodies = RequestAnswer(retention: services.retention, nowMicros: services.loop.wallMicros)
        var verdicts: [UUID: [UInt8]] = [:]
        for (id, answer) in zip(ids, answers) { verdicts[id] = bodies.body(answer) }
        return verdicts
    }
}

/// A good line on its way.
struct BulkItem {
    let line: Int
    let intent: Intent
    /// Under the first request's id where the line's key was seen before.
    var mutation: Mutation
    var isReplayed = false
    /// Its key stands for another request.
    var isReused = false

    init(line: Int, intent: Intent, mutation: Mutation) {
        self.line = line
        self.intent = intent
        self.mutation = mutation
    }
}
