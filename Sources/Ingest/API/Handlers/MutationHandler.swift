internal import Shared

/// Reads single mutations, and accepts those that need a task: under an Idempotency-Key, or waiting for a verdict.
struct MutationHandler {
    let services: Services

    /// Queues what was read, and waits for the verdict where asked to.
    func respond(_ intent: Intent, _ preferences: Preferences, _ exchange: Exchange) async -> Response {
        guard let identity = exchange.identity else { preconditionFailure("a mutation without a user") }
        let receipt = services.accept(intent, from: identity)
        let submission = Mutation(receipt, intent, from: identity, traceID: exchange.traceID)
        let wait = services.wait(preferences)
        let waiter = wait.map { _ in services.waiters.enter([submission.id]) }
        defer { if let waiter { services.waiters.leave(waiter) } }
        do throws(PushFailure) {
            let replayed = try await push(submission, intent, exchange)
            if let replayed {
                return await answer(replayed: replayed, submission, preferences, exchange)
            }
        } catch {
            return exchange.answer(error.problem)
        }
        services.noteAccepted(receipt, of: identity.user, exchange.head)
        if let waiter, let wait {
            let resource = await services.outcome(of: submission, waiter: waiter, wait: wait)
            if let resource { return verdict(resource, preferences, exchange) }
        }
        var response = services.acceptances.response(receipt, of: identity.user)
        addApplied(preferences, isWaited: wait != nil, to: &response)
        return response
    }

    // MARK: Reading

    /// What a request asks for; nothing is queued yet.
    func read(_ request: Request, _ exchange: Exchange) throws(Rejection) -> Intent {
        let body = request.body
        try ContentCheck.check(body, exchange)
        let key = try idempotencyKey(exchange)
        let condition = try condition(exchange)
        _ = try services.query(exchange, known: [])
        let (change, task) = try content(body.span, exchange)
        return Intent(change: change, task: task, condition: condition, key: key)
    }

    private func content(
        _ body: Span<UInt8>, _ exchange: Exchange
    ) throws(Rejection) -> (change: Mutation.Change, task: UUID?) {
        let id = exchange.values.id
        do throws(BodyRefusal) {
            switch exchange.route.endpoint {
            case .createTask:
                let (task, id) = try services.bodies.creation(body)
                return (.create(task), id)
            case .replaceTask, .updateTask: return (.update(try services.bodies.change(body)), id)
            case .completeTask: return (try services.bodies.completion(body), id)
            case .deleteTask: return (.delete, id)
            default: preconditionFailure("\(exchange.route.endpoint) is no mutation")
            }
        } catch { throw Rejection(Problem(error)) }
    }

    private func idempotencyKey(_ exchange: Exchange) throws(Rejection) -> IdempotencyKey? {
        guard let text = exchange.head[.idempotencyKey] else { return nil }
        guard let key = IdempotencyKey(Array(text)) else {
            throw Rejection(.malformedIdempotencyKey)
        }
        return key
    }

    private func condition(_ exchange: Exchange) throws(Rejection) -> TagCondition? {
        guard exchange.head[.ifMatch] != nil else { return nil }
        guard let condition = TagCondition(values: exchange.values(of: .ifMatch)) else {
            throw Rejection(.parameter("If-Match", "must be a list of entity tags such as \"v3\", or *"))
        }
        return condition
    }

    // MARK: Queueing

    /// The id of the first request where the key stands for one already.
    private func push(
        _ mutation: Mutation, _ intent: Intent, _ exchange: Exchange
    ) async throws(PushFailure) -> Replay? {
        guard let key = intent.key else {
            try await services.lanes.push(mutation)
            return nil
        }
        let fingerprint = intent.fingerprint(method: exchange.route.method.name, path: path(exchange))
        let line = EnqueueLine(
            id: mutation.id, entry: mutation.encode(),
            key: .init(name: key.bytes, fingerprint: fingerprint.bytes))
        let outcome = try await services.lanes.enqueue([line], of: mutation.user, lenient: false)
        switch outcome.lines[0] {
        case .new: return nil
        case .replayed(let id): return .same(id)
        case .reused: return .other
        }
    }

    /// The path without its client's spelling: an id in capitals, or a percent-encoded letter, is the same path.
    private func path(_ exchange: Exchange) -> [UInt8] {
        var path: [UInt8] = []
        for (place, segment) in exchange.route.path.enumerated() {
            path.append(UInt8(ascii: "/"))
            if case .id = segment, let id = exchange.values.id {
                id.appendText(to: &path)
            } else {
                path += exchange.head.segment(place)
            }
        }
        return path
    }

    // MARK: Answering

    private enum Replay {
        case same(UUID)
        case other
    }

    private func answer(
        replayed: Replay, _ mutation: Mutation, _ preferences: Preferences, _ exchange: Exchange
    ) async -> Response {
        guard case .same(let id) = replayed else {
            return exchange.answer(
                Problem(
                    .idempotencyKeyReused,
                    detail: "this Idempotency-Key was used for another request: use a new one"))
        }
        // The same minting gives the same task id, so that the replay can name the task while it is queued.
        let first = services.again(mutation, as: id)
        var response: Response
        do throws(RequestStates.Unavailable) {
            response = try await replay(first, preferences, exchange)
        } catch {
            response = exchange.answer(.storageUnavailable(accepted: .unknown))
        }
        response.headers.append("Idempotent-Replayed: true\r\n")
        return response
    }

    private func replay(
        _ first: Mutation, _ preferences: Preferences, _ exchange: Exchange
    ) async throws(RequestStates.Unavailable) -> Response {
        let wait = services.wait(preferences)
        let answers = try await services.poll([first.id], of: first.user, wait: wait)
        guard let resource = services.resource(answers[0], of: first.user) else {
            throw RequestStates.Unavailable()
        }
        if wait != nil, resource.isDone { return verdict(resource, preferences, exchange) }
        var known = resource
        known.operation = known.operation ?? first.change.operation
        known.task = known.task ?? first.task
        var response = RequestAnswer(retention: services.retention, nowMicros: services.loop.wallMicros)
            .response(.resource(known), status: resource.isDone ? 200 : 202)
        Acceptances.addHeaders(of: first.id, to: &response)
        addApplied(preferences, isWaited: wait != nil, to: &response)
        return response
    }

    /// The answer to a mutation that was waited for: its verdict, or 202 where there is none yet.
    func verdict(
        _ answer: RequestStates.Answer?, _ exchange: Exchange
    ) -> Response {
        guard let receipt = exchange.receipt, let user = exchange.user else {
            preconditionFailure("a verdict of a mutation that was not pushed")
        }
        let preferences = exchange.preferences
        if let answer, let resource = services.resource(answer, of: user), resource.isDone {
            return verdict(resource, preferences, exchange)
        }
        var response = services.acceptances.response(receipt, of: user)
        addApplied(preferences, isWaited: true, to: &response)
        return response
    }

    private func verdict(
        _ resource: RequestResource, _ preferences: Preferences, _ exchange: Exchange
    ) -> Response {
        var response = VerdictAnswer(
            resource: resource, returnsMinimal: preferences.returnsMinimal,
            instance: exchange.head.correlationID
        ).response()
        let isMinimal = preferences.returnsMinimal && response.status < 300
        addApplied(preferences, isWaited: true, isMinimal: isMinimal, to: &response)
        return response
    }

    private func addApplied(
        _ preferences: Preferences, isWaited: Bool, isMinimal: Bool = false, to response: inout Response
    ) {
        preferences.addApplied(isWaited: isWaited, isMinimal: isMinimal, to: &response)
    }
}
