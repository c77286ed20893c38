internal import Shared

/// Tells what became of mutations: one by its id, or up to a hundred at once.
struct RequestsHandler {
    let services: Services

    static let idsMax = 100

    /// `GET /api/requests/{request_id}`
    func one(_ exchange: Exchange, _ reply: Reply) {
        guard let user = exchange.user, let id = exchange.values.id else {
            return exchange.send(notFound(exchange), reply)
        }
        let wait: Duration?
        do throws(Rejection) {
            wait = try self.wait(try services.query(exchange, known: ["wait"]), exchange)
        } catch { return exchange.send(exchange.answer(error.problem), reply) }
        guard services.ids.isOurs(id, of: user) else { return exchange.send(notFound(exchange), reply) }
        let poll = LongPoll(id, of: user, services: services, wait: wait, reply: reply) { [self] answer in
            var response = response(answer, exchange)
            exchange.readPreferences().addApplied(isWaited: wait != nil, to: &response)
            exchange.api.finish(&response, exchange)
            return response
        }
        poll.begin()
    }

    private func response(_ answer: RequestStates.Answer?, _ exchange: Exchange) -> Response {
        switch answer {
        case nil: exchange.answer(.storageUnavailable(accepted: nil))
        case .expired?:
            exchange.answer(
                Problem(
                    .requestNotFound, detail: "the request is older than its retention",
                    members: Array("\"expired\":true".utf8)))
        case let answer?: self.answer.response(answer)
        }
    }

    /// `GET /api/requests?ids=a,b,…`
    func many(_ exchange: Exchange) async -> Response {
        guard let user = exchange.user else { return notFound(exchange) }
        let texts: [ArraySlice<UInt8>]
        let wait: Duration?
        do throws(Rejection) {
            let query = try services.query(exchange, known: ["ids", "wait"])
            wait = try self.wait(query, exchange)
            texts = try ids(query)
        } catch { return exchange.answer(error.problem) }
        var ours: [UUID] = []
        for text in texts {
            guard let id = UUID(text: text.span), services.ids.isOurs(id, of: user), !ours.contains(id) else {
                continue
            }
            ours.append(id)
        }
        let answers: [RequestStates.Answer]
        do throws(RequestStates.Unavailable) {
            answers = ours.isEmpty ? [] : try await services.poll(ours, of: user, wait: wait)
        } catch { return exchange.answer(.storageUnavailable(accepted: nil)) }
        var response = listing(texts, ours, answers)
        exchange.readPreferences().addApplied(isWaited: wait != nil, to: &response)
        return response
    }

    private func listing(
        _ texts: [ArraySlice<UInt8>], _ ours: [UUID], _ answers: [RequestStates.Answer]
    ) -> Response {
        var json = JSONWriter(capacity: 256 + answers.count * 512)
        var missing: [ArraySlice<UInt8>] = []
        json.beginObject()
        json.key("requests")
        json.beginArray()
        for text in texts {
            let place = UUID(text: text.span).flatMap { ours.firstIndex(of: $0) }
            let body = place.map { answer.body(answers[$0]) } ?? []
            if body.isEmpty { missing.append(text) } else { json.json(body) }
        }
        json.endArray()
        json.key("not_found")
        json.beginArray()
        for text in missing { json.string(Array(text)) }
        json.endArray()
        json.endObject()
        var response = Response.json(200, json.bytes)
        if !answers.allSatisfy({ $0.isDone() }) { response.headers.append("Retry-After: 1\r\n") }
        return response
    }

    private var answer: RequestAnswer {
        RequestAnswer(retention: services.retention, nowMicros: services.loop.wallMicros)
    }

    private func ids(_ query: QueryParameters) throws(Rejection) -> [ArraySlice<UInt8>] {
        guard let text = query["ids"], !text.isEmpty else {
            throw Rejection(.parameter("ids", "must be a list of 1 to 100 request ids with commas between"))
        }
        let texts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard texts.count <= RequestsHandler.idsMax, texts.allSatisfy({ UUID(text: $0.span) != nil }) else {
            throw Rejection(.parameter("ids", "must be a list of 1 to 100 request ids with commas between"))
        }
        return texts
    }

    /// `?wait=` beats `Prefer: wait=`; the parameter must be right, the preference may be anything (RFC 7240).
    private func wait(_ query: QueryParameters, _ exchange: Exchange) throws(Rejection) -> Duration? {
        guard let text = query["wait"] else {
            return exchange.readPreferences().waitSeconds.flatMap { $0 > 0 ? .seconds($0) : nil }
        }
        guard let seconds = Digits.saturating(text) else {
            throw Rejection(.parameter("wait", "must be a whole number of seconds"))
        }
        return seconds > 0 ? .seconds(min(seconds, Preferences.waitSecondsMax)) : nil
    }

    /// The same bytes for a stranger's request as for one that never was.
    private func notFound(_ exchange: Exchange) -> Response {
        exchange.answer(Problem(.requestNotFound, detail: "there is no such request of this user"))
    }
}
