internal import Shared

/// Answers reads of tasks and of the own profile from PostgreSQL, after the mutation that a Sync-Token names.
struct ReadHandler {
    let services: Services

    /// A question that is understood: asks it, and gives the answer to whom it is told, once, on the loop.
    private typealias Question = (@escaping (Response) -> Void) -> Void

    /// Answers without a task, unless a Sync-Token makes it wait for a mutation first.
    func take(_ exchange: Exchange, _ reply: Reply) {
        do throws(Rejection) {
            let known = ReadHandler.parameters(exchange.route.endpoint)
            let parameters = try services.query(exchange, known: known)
            let question = try question(exchange, parameters)
            guard let token = try syncToken(exchange, parameters) else {
                return question { exchange.send($0, reply) }
            }
            reply.start { [self] in
                var response = await response(to: question, after: token, exchange)
                exchange.api.finish(&response, exchange)
                return response
            }
        } catch { exchange.send(exchange.answer(error.problem), reply) }
    }

    private static func parameters(_ endpoint: Endpoint) -> [StaticString] {
        endpoint == .listTasks ? TaskListQuery.parameters : ["sync_token"]
    }

    private func question(
        _ exchange: Exchange, _ parameters: QueryParameters
    ) throws(Rejection) -> Question {
        guard let identity = exchange.identity else { throw .storageUnavailable }
        let user = identity.user
        switch (exchange.route.endpoint, exchange.values.id) {
        case (.listTasks, _): return try list(exchange, user, parameters)
        case (.getTask, let id?):
            let condition = condition(exchange)
            return { [self] tell in
                services.reads.task(id, of: user) { tell(answer($0, condition, exchange)) }
            }
        default:
            return { [self] tell in
                services.reads.profile(of: user) { tell(answer($0, identity, exchange)) }
            }
        }
    }

    private func list(
        _ exchange: Exchange, _ user: UserID, _ parameters: QueryParameters
    ) throws(Rejection) -> Question {
        let query = try query(parameters)
        let condition = condition(exchange)
        var cursor: ListCursor?
        if let text = parameters["cursor"] {
            cursor = services.cursors.open(text, user: user, query: query)
            if cursor == nil {
                throw Rejection(
                    Problem(.invalidCursor, detail: "the cursor is not one of this user, filter and sort"))
            }
        }
        return { [self, cursor] tell in
            services.reads.page(query, of: user, after: cursor) { found in
                guard case .success(let page) = found else { return tell(unavailable(exchange)) }
                let last = page.hasMore ? page.last : nil
                let next = last.map {
                    services.cursors.seal(query.cursor(after: $0), user: user, query: query)
                }
                tell(answer(page, next, condition, exchange))
            }
        }
    }

    // MARK: Answers

    private func answer(
        _ found: Swift.Result<TaskRow?, ReadFailure>, _ condition: TagCondition?, _ exchange: Exchange
    ) -> Response {
        guard case .success(let found) = found else { return unavailable(exchange) }
        guard let task = found else {
            return exchange.answer(Problem(.taskNotFound, detail: "there is no such task of this user"))
        }
        let tag = ETag.text(version: task.version)
        if condition?.matchesWeakly(tag) == true { return notModified(tag) }
        var json = JSONWriter(capacity: 420)
        task.encode(to: &json)
        return tagged(json.bytes, tag)
    }

    private func answer(
        _ found: Swift.Result<UserProfile?, ReadFailure>, _ identity: Identity, _ exchange: Exchange
    ) -> Response {
        guard case .success(let found) = found else { return unavailable(exchange) }
        // Before the first applied mutation only the token knows the user.
        let profile = found ?? UserProfile(email: identity.email, name: identity.name, createdAt: nil)
        var json = JSONWriter(capacity: 200)
        json.beginObject()
        json.key("id")
        json.string(identity.user.bytes)
        json.key("email")
        if let email = profile.email { json.string(email) } else { json.null() }
        json.key("name")
        if let name = profile.name { json.string(name) } else { json.null() }
        json.key("created_at")
        if let time = profile.createdAt { json.timestamp(time) } else { json.null() }
        json.endObject()
        return .json(200, json.bytes)
    }

    private func answer(
        _ page: TaskPage, _ next: [UInt8]?, _ condition: TagCondition?, _ exchange: Exchange
    ) -> Response {
        var json = JSONWriter(capacity: 128 + page.count * 420)
        json.beginObject()
        json.key("tasks")
        json.beginArray()
        page.encode(to: &json)
        json.endArray()
        json.key("next_cursor")
        if let next { json.string(next) } else { json.null() }
        json.endObject()
        // A page has no version of its own.
        let tag = ContentHash(json.bytes).tag
        var response = condition?.matchesWeakly(tag) == true ? notModified(tag) : tagged(json.bytes, tag)
        if let next { response.add("Link", link(next, exchange)) }
        return response
    }

    /// The same request with the next page's cursor.
    private func link(_ cursor: [UInt8], _ exchange: Exchange) -> [UInt8] {
        var link = Array("<".utf8) + exchange.head.path + [UInt8(ascii: "?")]
        for part in (exchange.head.query ?? []).split(separator: UInt8(ascii: "&"))
        where !part.starts(with: Array("cursor=".utf8)) && !part.starts(with: Array("sync_token=".utf8)) {
            link += part
            link.append(UInt8(ascii: "&"))
        }
        return link + Array("cursor=".utf8) + cursor + Array(">; rel=\"next\"".utf8)
    }

    // MARK: Conditions

    private func query(_ parameters: QueryParameters) throws(Rejection) -> TaskListQuery {
        do throws(TaskListQuery.Refusal) { return try TaskListQuery(parameters) } catch {
            throw Rejection(.parameter(error.parameter, error.rule))
        }
    }

    /// A malformed `If-None-Match` asks for nothing that could be refused: it is passed over (RFC 9110 §13.1.2).
    private func condition(_ exchange: Exchange) -> TagCondition? {
        guard exchange.head[.ifNoneMatch] != nil else { return nil }
        return TagCondition(values: exchange.values(of: .ifNoneMatch))
    }

    private func tagged(_ body: [UInt8], _ tag: [UInt8]) -> Response {
        var response = Response.json(200, body)
        response.cacheControl = "private, no-cache"
        response.add("ETag", tag)
        response.headers.append("Vary: Authorization\r\n")
        return response
    }

    private func notModified(_ tag: [UInt8]) -> Response {
        var response = Response(status: 304)
        response.cacheControl = "private, no-cache"
        response.add("ETag", tag)
        response.headers.append("Vary: Authorization\r\n")
        return response
    }

    // MARK: Read your writes

    /// The mutation that the client's Sync-Token names, nil without one (API.md §7).
    private func syncToken(_ exchange: Exchange, _ query: QueryParameters) throws(Rejection) -> UUID? {
        let header = exchange.head[.syncToken].map { Array($0) }
        guard let text = header ?? query["sync_token"] else { return nil }
        guard let user = exchange.user, let id = UUID(text), services.ids.isOurs(id, of: user) else {
            throw Rejection(Problem(.invalidSyncToken, detail: "the token is none that this user was given"))
        }
        return id
    }

    /// Asks when the mutation is done.
    private func response(
        to question: Question, after token: UUID, _ exchange: Exchange
    ) async -> Response {
        do throws(Rejection) { try await catchUp(with: token, exchange) } catch {
            return exchange.answer(error.problem)
        }
        let latch = Latch<Response>(on: services.loop)
        question { latch.fulfil($0) }
        return await latch.value()
    }

    private func catchUp(with token: UUID, _ exchange: Exchange) async throws(Rejection) {
        guard let user = exchange.user else { throw .storageUnavailable }
        let wait = exchange.readPreferences().waitSeconds.map { Duration.seconds($0) } ?? ReadHandler.syncWait
        do throws(RequestStates.Unavailable) {
            let answers = try await services.poll([token], of: user, wait: wait)
            if answers[0].isDone() { return }
        } catch { throw .storageUnavailable }
        throw Rejection(
            Problem(.notCaughtUp, detail: "the mutation of the Sync-Token is not applied yet: try again")
                .retryAfter(seconds: 1))
    }

    private static let syncWait: Duration = .seconds(5)

    private func unavailable(_ exchange: Exchange) -> Response {
        exchange.answer(.storageUnavailable(accepted: nil))
    }
}

extension Rejection {
    fileprivate static var storageUnavailable: Rejection { Rejection(.storageUnavailable(accepted: nil)) }
}

extension TaskListQuery {
    /// The place of `task` in this order.
    func cursor(after task: TaskItem) -> ListCursor {
        let key: ListCursor.Key =
            switch sort {
            case .createdAt: .time(task.createdAt)
            case .updatedAt: .time(task.updatedAt)
            case .dueAt: .time(task.dueAt)
            case .title: .text(task.title)
            }
        return ListCursor(key: key, id: task.id)
    }
}
