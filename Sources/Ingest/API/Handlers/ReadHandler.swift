internal import Shared

/// Answers reads of tasks and of the own profile from PostgreSQL, after the mutation that a Sync-Token names.
struct ReadHandler {
    let services: Services

    func task(_ exchange: Exchange) async -> Response {
        guard let user = exchange.user, let id = exchange.values.id else { return unavailable(exchange) }
        do {
            let query = try services.query(exchange, known: ["sync_token"])
            let condition = try condition(exchange)
            try await catchUp(exchange, query)
            guard let task = try await services.reads.task(id, of: user) else {
                return exchange.answer(Problem(.taskNotFound, detail: "there is no such task of this user"))
            }
            let tag = ETag.text(version: task.version)
            if condition?.matchesWeakly(tag) == true { return notModified(tag) }
            var json = JSONWriter(capacity: 420)
            task.encode(to: &json)
            return tagged(json.bytes, tag)
        } catch { return failed(error, exchange) }
    }

    func profile(_ exchange: Exchange) async -> Response {
        guard let identity = exchange.identity else { return unavailable(exchange) }
        do {
            try await catchUp(exchange, try services.query(exchange, known: ["sync_token"]))
            // Before the first applied mutation only the token knows the user.
            let profile =
                try await services.reads.profile(of: identity.user)
                ?? UserProfile(email: identity.email, name: identity.name, createdAt: nil)
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
        } catch { return failed(error, exchange) }
    }

    func list(_ exchange: Exchange) async -> Response {
        guard let user = exchange.user else { return unavailable(exchange) }
        do {
            let parameters = try services.query(exchange, known: TaskListQuery.parameters)
            let query = try query(parameters)
            let condition = try condition(exchange)
            var cursor: ListCursor?
            if let text = parameters["cursor"] {
                cursor = services.cursors.open(text, user: user, query: query)
                if cursor == nil {
                    throw Rejection(
                        Problem(.invalidCursor, detail: "the cursor is not one of this user, filter and sort")
                    )
                }
            }
            try await catchUp(exchange, parameters)
            let page = try await services.reads.page(query, of: user, after: cursor)
            let last = page.hasMore ? page.last : nil
            let next = last.map { services.cursors.seal(query.cursor(after: $0), user: user, query: query) }
            return answer(page, next, condition, exchange)
        } catch { return failed(error, exchange) }
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
    private func condition(_ exchange: Exchange) throws(Rejection) -> TagCondition? {
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

    /// Waits for the mutation that the client's Sync-Token names (API.md §7).
    private func catchUp(_ exchange: Exchange, _ query: QueryParameters) async throws {
        guard let text = exchange.head[.syncToken].map({ Array($0) }) ?? query["sync_token"] else { return }
        guard let user = exchange.user, let id = UUID(text), services.ids.isOurs(id, of: user) else {
            throw Rejection(Problem(.invalidSyncToken, detail: "the token is none that this user was given"))
        }
        let wait = exchange.readPreferences().waitSeconds.map { Duration.seconds($0) } ?? ReadHandler.syncWait
        do throws(RequestStates.Unavailable) {
            let answers = try await services.poll([id], of: user, wait: wait)
            if answers[0].isDone() { return }
        } catch { throw Rejection(.storageUnavailable(accepted: nil)) }
        throw Rejection(
            Problem(.notCaughtUp, detail: "the mutation of the Sync-Token is not applied yet: try again")
                .retryAfter(seconds: 1))
    }

    private static let syncWait: Duration = .seconds(5)

    private func failed(_ error: any Error, _ exchange: Exchange) -> Response {
        if let rejection = error as? Rejection { return exchange.answer(rejection.problem) }
        return unavailable(exchange)
    }

    private func unavailable(_ exchange: Exchange) -> Response {
        exchange.answer(.storageUnavailable(accepted: nil))
    }
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
