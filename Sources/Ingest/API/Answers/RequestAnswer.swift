internal import Shared

/// The answer of `GET /api/requests/{id}`: what a worker wrote as it stands, or what ingest knows (API.md §5).
struct RequestAnswer {
    let retention: Duration
    let nowMicros: Int64

    func response(_ answer: RequestStates.Answer, status: Int = 200) -> Response {
        var response = Response.json(status, body(answer))
        if !answer.isDone() { response.headers.append("Retry-After: 1\r\n") }
        return response
    }

    /// The resource; empty for one that is past its retention.
    func body(_ answer: RequestStates.Answer) -> [UInt8] {
        switch answer {
        case .stored(let text): return text
        case .expired: return []
        case .resource(let resource):
            var json = JSONWriter(capacity: 512)
            json.beginObject()
            resource.encodeMembers(to: &json)
            if !resource.isDone {
                json.key("expires_at")
                json.timestamp(RequestLife.expiry(of: resource.id, retention: retention))
                json.key("poll_after_ms")
                json.integer(pollAfter(resource))
            }
            json.endObject()
            return json.bytes
        }
    }

    /// Soon for what is young, seldom for what waits long anyway.
    private func pollAfter(_ resource: RequestResource) -> Int64 {
        if case .retrying(_, let next) = resource.state {
            return min(300_000, max(50, (next.micros - nowMicros) / 1000))
        }
        let age = nowMicros / 1000 - resource.id.milliseconds
        return min(1000, max(Int64(Acceptances.pollAfterMilliseconds), age / 10))
    }
}
