internal import Shared

/// An error answer of RFC 9457, as the handlers describe it.
struct Problem: Sendable {
    let type: ProblemType
    /// What happened this time and what to do, in one sentence; nil when the title says it all.
    var detail: String?
    /// More members as JSON text, each `"name":value`, joined by commas; empty for none.
    var members: [UInt8] = []
    /// More header lines, each ended by CRLF, such as `Allow` and `Retry-After`.
    var headers: [UInt8] = []

    init(_ type: ProblemType, detail: String? = nil, members: [UInt8] = []) {
        self.type = type
        self.detail = detail
        self.members = members
    }

    /// The same with one more header line.
    func with(_ name: StaticString, _ value: String) -> Problem {
        var copy = self
        copy.headers.append(name)
        copy.headers.append(": ")
        copy.headers.append(contentsOf: value.utf8)
        copy.headers.append("\r\n")
        return copy
    }

    /// The same with a `Retry-After` of whole seconds, which every 429 and 503 must have.
    func retryAfter(seconds: Int) -> Problem { with("Retry-After", String(seconds)) }

    /// The answer; `instance` is the exchange's `X-Request-Id`.
    func response(instance: CorrelationID) -> Response {
        var response = Response(status: type.status)
        response.contentType = .problem
        response.headers = headers
        response.body = body(instance)
        return response
    }

    private func body(_ instance: CorrelationID) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.beginObject()
        json.key("type")
        json.string("/problems/\(type.slug)")
        json.key("code")
        json.string("\(type.slug)")
        json.key("title")
        json.string("\(type.title)")
        json.key("status")
        json.integer(Int64(type.status))
        if let detail {
            json.key("detail")
            json.string(detail)
        }
        json.key("instance")
        json.string(instance.bytes)
        var bytes = json.bytes
        if !members.isEmpty {
            bytes.append(UInt8(ascii: ","))
            bytes.append(contentsOf: members)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}

extension RequestHead {
    /// The answer to this request that `problem` describes.
    func answer(_ problem: Problem) -> Response { problem.response(instance: correlationID) }
}
