internal import Shared

/// The answer to a mutation that is on its lane: 202 (API.md §4).
struct Accepted {
    let mutation: Mutation
    let retention: Duration

    static let pollAfterMilliseconds = 50

    func response() -> Response {
        var json = JSONWriter(capacity: 420)
        json.beginObject()
        json.key("id")
        json.uuid(mutation.id)
        json.key("status")
        json.string("queued")
        json.key("done")
        json.boolean(false)
        json.key("operation")
        json.string(mutation.change.operation.qualifiedName)
        json.key("task_id")
        json.uuid(mutation.task)
        json.key("task_href")
        json.string(TaskPath.text(user: mutation.user, task: mutation.task))
        json.key("submitted_at")
        json.timestamp(Timestamp(milliseconds: mutation.id.milliseconds))
        json.key("expires_at")
        json.timestamp(RequestLife.expiry(of: mutation.id, retention: retention))
        json.key("poll_after_ms")
        json.integer(Accepted.pollAfterMilliseconds)
        json.endObject()
        var response = Response.json(202, json.bytes)
        Accepted.addHeaders(of: mutation.id, to: &response)
        response.headers.append("Retry-After: 1\r\n")
        return response
    }

    /// Where the request is and what to wait for: on every answer to a mutation that was accepted but not waited for.
    static func addHeaders(of id: UUID, to response: inout Response) {
        response.headers.reserveCapacity(256)
        for name: StaticString in ["Location", "Operation-Location"] {
            response.headers.append(name)
            response.headers.append(": /api/requests/")
            id.appendText(to: &response.headers)
            response.headers.append("\r\n")
        }
        addSyncToken(id, to: &response)
    }

    static func addSyncToken(_ id: UUID, to response: inout Response) {
        response.headers.append("Sync-Token: ")
        id.appendText(to: &response.headers)
        response.headers.append("\r\n")
    }
}

/// How long a request can be asked for.
enum RequestLife {
    static func expiry(of id: UUID, retention: Duration) -> Timestamp {
        Timestamp(micros: id.milliseconds * 1000 + retention.components.seconds * 1_000_000)
    }
}

/// The path of a task.
enum TaskPath {
    static func text(user: UserID, task: UUID) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(13 + user.bytes.count + UUID.textCount)
        text.append("/api/")
        text.append(contentsOf: user.bytes)
        text.append("/tasks/")
        task.appendText(to: &text)
        return text
    }
}
