internal import Shared

/// The answer to a mutation that is on its lane: 202 (API.md §4).
struct Accepted {
    let mutation: Mutation
    let retention: Duration

    static let pollAfterMilliseconds = 50

    func response() -> Response {
        var response = Response.json(202, body)
        Accepted.addHeaders(of: mutation.id, to: &response)
        response.headers.append("Retry-After: 1\r\n")
        return response
    }

    /// Written piece by piece: this is the answer of nearly every request, and none of its values needs escaping.
    private var body: [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(384)
        json.append("{\"id\":\"")
        mutation.id.appendText(to: &json)
        json.append("\",\"status\":\"queued\",\"done\":false,\"operation\":\"")
        json.append(mutation.change.operation.qualifiedName)
        json.append("\",\"task_id\":\"")
        mutation.task.appendText(to: &json)
        json.append("\",\"task_href\":\"/api/")
        json.append(contentsOf: mutation.user.bytes)
        json.append("/tasks/")
        mutation.task.appendText(to: &json)
        json.append("\",\"submitted_at\":\"")
        Timestamp(milliseconds: mutation.id.milliseconds).append(to: &json)
        json.append("\",\"expires_at\":\"")
        RequestLife.expiry(of: mutation.id, retention: retention).append(to: &json)
        json.append("\",\"poll_after_ms\":")
        json.appendDecimal(Int64(Accepted.pollAfterMilliseconds))
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// Where the request is and what to wait for: on every answer to a mutation that was accepted but not waited for.
    static func addHeaders(of id: UUID, to response: inout Response) {
        response.headers.reserveCapacity(256)
        response.headers.append("Location: /api/requests/")
        id.appendText(to: &response.headers)
        response.headers.append("\r\nOperation-Location: /api/requests/")
        id.appendText(to: &response.headers)
        response.headers.append("\r\n")
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
