internal import Shared

/// What a mutation is given when it is accepted, and its client is told.
struct Receipt {
    let id: UUID
    let task: UUID
    let operation: Mutation.Operation
    let acceptedAt: Timestamp
    /// The texts of both, which the lane entry and the answer have six times.
    let idText: UUIDText
    let taskText: UUIDText

    init(id: UUID, task: UUID, operation: Mutation.Operation, acceptedAt: Timestamp) {
        self.id = id
        self.task = task
        self.operation = operation
        self.acceptedAt = acceptedAt
        idText = UUIDText(id)
        taskText = UUIDText(task)
    }

    init(_ mutation: borrowing Mutation) {
        self.init(
            id: mutation.id, task: mutation.task, operation: mutation.change.operation,
            acceptedAt: mutation.acceptedAt)
    }
}

/// Makes the answers to mutations that are on their lane: 202 (API.md §4). Confined to one loop.
///
/// Written piece by piece into memory that is used again: this is the answer of nearly every request, and none of its
/// values needs escaping.
final class Acceptances {
    private let retention: Duration
    private var body: [UInt8] = []
    private var headers: [UInt8] = []
    /// The times of the millisecond that was written last: many requests share it.
    private var times: [UInt8] = []
    private var timesMilliseconds = Int64.min

    static let pollAfterMilliseconds = 50
    /// What the pieces come to at most: the longest user, three ids, two times.
    private static let bodyBytesMax = 512
    private static let headersBytesMax = 256

    init(retention: Duration) { self.retention = retention }

    /// The answer; give it to `takeBack` once it is sent.
    func response(_ receipt: Receipt, of user: UserID) -> Response {
        var response = Response(status: 202)
        response.contentType = .json
        swap(&response.body, &body)
        swap(&response.headers, &headers)
        writeBody(receipt, user, to: &response.body)
        Acceptances.addHeaders(of: receipt.idText, to: &response, retryAfter: "Retry-After: 1\r\n")
        return response
    }

    /// Keeps the memory of an answer that was sent.
    func takeBack(_ response: inout Response) {
        swap(&response.body, &body)
        swap(&response.headers, &headers)
        body.removeAll(keepingCapacity: true)
        headers.removeAll(keepingCapacity: true)
    }

    private func writeBody(_ receipt: Receipt, _ user: UserID, to json: inout [UInt8]) {
        if receipt.id.milliseconds != timesMilliseconds { writeTimes(of: receipt.id) }
        let times = times
        json.append(upTo: Acceptances.bodyBytesMax) { json in
            json.append("{\"id\":\"")
            json.append(receipt.idText.span)
            json.append("\",\"status\":\"queued\",\"done\":false,\"operation\":\"")
            json.append(receipt.operation.qualifiedName)
            json.append("\",\"task_id\":\"")
            json.append(receipt.taskText.span)
            json.append("\",\"task_href\":\"/api/")
            json.append(user.bytes.span)
            json.append("/tasks/")
            json.append(receipt.taskText.span)
            json.append(times.span)
        }
    }

    private func writeTimes(of id: UUID) {
        timesMilliseconds = id.milliseconds
        times.removeAll(keepingCapacity: true)
        times.append("\",\"submitted_at\":\"")
        Timestamp(milliseconds: id.milliseconds).append(to: &times)
        times.append("\",\"expires_at\":\"")
        RequestLife.expiry(of: id, retention: retention).append(to: &times)
        times.append("\",\"poll_after_ms\":")
        times.appendDecimal(Int64(Acceptances.pollAfterMilliseconds))
        times.append("}")
    }

    /// Where the request is and what to wait for: on every answer to a mutation that was accepted but not waited for.
    static func addHeaders(of id: UUID, to response: inout Response) {
        addHeaders(of: UUIDText(id), to: &response, retryAfter: "")
    }

    private static func addHeaders(of id: UUIDText, to response: inout Response, retryAfter: StaticString) {
        response.headers.append(upTo: headersBytesMax) { headers in
            headers.append("Location: /api/requests/")
            headers.append(id.span)
            headers.append("\r\nOperation-Location: /api/requests/")
            headers.append(id.span)
            headers.append("\r\nSync-Token: ")
            headers.append(id.span)
            headers.append("\r\n")
            headers.append(retryAfter)
        }
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
