/// The state of one request as `GET /api/requests/{id}` shows it, and as Redis keeps it for a while (API.md §5).
package struct RequestResource: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case queued
        /// The user is parked: tried `attempts` times, next at `nextAttemptAt`.
        case retrying(attempts: Int, nextAttemptAt: Timestamp)
        /// A verdict of the domain; `task` is the task as the mutation left it, where it is known.
        case done(Verdict, task: TaskItem?)
        /// Neither store nor lane knows the request any more: Redis lost data.
        case unaccounted
    }

    package var id: UUID
    package var user: UserID
    package var state: State
    /// Known once a worker wrote a state.
    package var operation: Mutation.Operation?
    package var task: UUID?
    package var attempts: Int?
    package var finishedAt: Timestamp?
    /// Why it was dead-lettered, e.g. `rejected_by_database`.
    package var reason: [UInt8]?

    package init(
        id: UUID, user: UserID, state: State, operation: Mutation.Operation? = nil, task: UUID? = nil,
        attempts: Int? = nil, finishedAt: Timestamp? = nil, reason: [UInt8]? = nil
    ) {
        self.id = id
        self.user = user
        self.state = state
        self.operation = operation
        self.task = task
        self.attempts = attempts
        self.finishedAt = finishedAt
        self.reason = reason
    }

    package var isDone: Bool {
        switch state {
        case .queued, .retrying: false
        case .done, .unaccounted: true
        }
    }

    package var status: StaticString {
        switch state {
        case .queued: "queued"
        case .retrying: "retrying"
        case .unaccounted: "unaccounted"
        case .done(let verdict, _):
            verdict.succeeded ? "succeeded" : verdict.code == .deadLettered ? "dead_lettered" : "failed"
        }
    }
}

extension RequestResource {
    /// The JSON of API.md §5, without the members that only ingest adds to a queued one.
    package func encode() -> [UInt8] {
        // Most fit, with a description of a line; growing would copy what is written.
        var json = JSONWriter(capacity: 768)
        json.beginObject()
        encodeMembers(to: &json)
        json.endObject()
        return json.bytes
    }

    /// The members alone, so that ingest can add its own (`expires_at`).
    package func encodeMembers(to json: inout JSONWriter) {
        json.key("id")
        json.uuid(id)
        json.key("status")
        json.string(status)
        json.key("done")
        json.boolean(isDone)
        if let operation {
            json.key("operation")
            json.string(operation.qualifiedName)
        }
        if let task {
            json.key("task_id")
            json.uuid(task)
            json.key("task_href")
            json.string(RequestResource.path(user, task))
        }
        json.key("submitted_at")
        json.timestamp(Timestamp(milliseconds: id.milliseconds))
        if let finishedAt {
            json.key("finished_at")
            json.timestamp(finishedAt)
        }
        if let attempts {
            json.key("attempts")
            json.integer(attempts)
        }
        encodeState(to: &json)
    }

    private static func path(_ user: UserID, _ task: UUID) -> [UInt8] {
        var path: [UInt8] = []
        path.reserveCapacity(12 + user.bytes.count + UUID.textCount)
        path.append("/api/")
        path.append(contentsOf: user.bytes)
        path.append("/tasks/")
        task.appendText(to: &path)
        return path
    }

    private func encodeState(to json: inout JSONWriter) {
        switch state {
        case .queued, .unaccounted: break
        case .retrying(let attempts, let nextAttemptAt):
            if self.attempts == nil {
                json.key("attempts")
                json.integer(attempts)
            }
            json.key("next_attempt_at")
            json.timestamp(nextAttemptAt)
        case .done: encodeVerdict(to: &json)
        }
    }

    /// The member `result` or `error` of a request that is done; nothing for any other.
    package func encodeVerdict(to json: inout JSONWriter) {
        guard case .done(let verdict, let task) = state else { return }
        json.key(verdict.succeeded ? "result" : "error")
        json.beginObject()
        if let code = verdict.code {
            json.key("type")
            json.string(Array("/problems/\(code.rawValue)".utf8))
            json.key("code")
            json.string(code.rawValue)
            json.key("title")
            json.string(code.title)
        }
        json.key("status")
        json.integer(verdict.status)
        if let version = verdict.version {
            json.key("etag")
            json.string(ETag.text(version: version))
        }
        if let reason {
            json.key("reason")
            json.string(reason)
        }
        if let task {
            json.key("task")
            task.encode(to: &json)
        }
        json.endObject()
    }

    /// Reads what `encode` wrote for `user`; nil for anything else.
    package init?(_ text: Span<UInt8>, user: UserID, reader: JSONReader) {
        let outcome: RequestResource?
        do throws(JSONError) {
            outcome = try reader.read(text) { (document) throws(Never) in
                RequestResource(document, user: user)
            }.get()
        } catch { return nil }
        guard let outcome else { return nil }
        self = outcome
    }

    private init?(_ document: borrowing JSONDocument, user: UserID) {
        let root = document.root
        guard let id = document.uuid("id", of: root), let status = document.bytes("status", of: root),
            let state = RequestResource.state(document, status: status)
        else { return nil }
        let operation = document.bytes("operation", of: root).flatMap {
            Mutation.Operation(qualifiedName: $0.span)
        }
        let error = document.member("error", of: root)
        self.init(
            id: id, user: user, state: state, operation: operation, task: document.uuid("task_id", of: root),
            attempts: document.integer("attempts", of: root).map { Int($0) },
            finishedAt: document.timestamp("finished_at", of: root),
            reason: error.flatMap { document.bytes("reason", of: $0) })
    }

    private static func state(_ document: borrowing JSONDocument, status: [UInt8]) -> State? {
        let root = document.root
        switch String(decoding: status, as: UTF8.self) {
        case "queued": return .queued
        case "unaccounted": return .unaccounted
        case "retrying":
            guard let next = document.timestamp("next_attempt_at", of: root) else { return nil }
            return .retrying(attempts: Int(document.integer("attempts", of: root) ?? 1), nextAttemptAt: next)
        default:
            guard let place = document.member("result", of: root) ?? document.member("error", of: root),
                let status = document.integer("status", of: place).flatMap({ Int16(exactly: $0) })
            else { return nil }
            let code = document.bytes("code", of: place).flatMap {
                Verdict.Code(rawValue: String(decoding: $0, as: UTF8.self))
            }
            let version = document.bytes("etag", of: place).flatMap { ETag.version($0.span) }
            let task = document.member("task", of: place).flatMap { TaskItem(document, at: $0) }
            return .done(Verdict(status: status, code: code, version: version), task: task)
        }
    }
}

/// The strong entity tag of a task: `"v<version>"` with the quotes (RFC 9110 §8.8.3).
package enum ETag {
    package static func text(version: Int32) -> [UInt8] {
        var bytes = Array("\"v".utf8)
        bytes.appendDecimal(Int64(version))
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }

    /// The version that a tag names; nil for any other tag, also for one with leading zeros.
    package static func version(_ text: Span<UInt8>) -> Int32? {
        guard text.count >= 4, text.count <= 13, text[0] == UInt8(ascii: "\""), text[1] == UInt8(ascii: "v"),
            text[text.count - 1] == UInt8(ascii: "\""), text[2] != UInt8(ascii: "0")
        else { return nil }
        var value: Int64 = 0
        for place in 2..<text.count - 1 {
            let digit = text[place] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return Int32(exactly: value)
    }
}
