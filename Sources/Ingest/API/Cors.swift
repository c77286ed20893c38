internal import Shared

/// Which web pages may call this API from a browser (the Fetch standard's CORS protocol); nobody unless configured.
struct Cors: Sendable {
    private let origins: [[UInt8]]

    init(origins: [String]) { self.origins = origins.map { Array($0.utf8) } }

    var isOn: Bool { !origins.isEmpty }

    private static let requestHeaders: StaticString =
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, Sync-Token, X-Request-Id, traceparent, tracestate"
    private static let exposed: StaticString =
        "ETag, Idempotent-Replayed, Link, Location, Operation-Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sync-Token, WWW-Authenticate, X-Request-Id"

    /// The header lines that an answer to `head` needs.
    func apply(to response: inout Response, _ head: RequestHead) {
        guard isOn else { return }
        // Also where the origin is a stranger's: a cache must not give one page's answer to another.
        response.headers.append("Vary: Origin\r\n")
        guard let origin = allowedOrigin(head) else { return }
        response.add("Access-Control-Allow-Origin", origin)
        response.headers.append("Access-Control-Expose-Headers: ")
        response.headers.append(Cors.exposed)
        response.headers.append("\r\n")
    }

    /// What a preflight is told beside that.
    func preflight(_ response: inout Response, _ head: RequestHead, allowed: [UInt8]) {
        guard isOn, allowedOrigin(head) != nil, head[.accessControlRequestMethod] != nil else { return }
        response.add("Access-Control-Allow-Methods", allowed)
        response.headers.append("Access-Control-Allow-Headers: ")
        response.headers.append(Cors.requestHeaders)
        response.headers.append("\r\nAccess-Control-Max-Age: 600\r\n")
    }

    /// Compared as bytes: a prefix or a different case is another origin.
    private func allowedOrigin(_ head: RequestHead) -> [UInt8]? {
        guard let origin = head[.origin] else { return nil }
        return origins.first { $0.elementsEqual(origin) }
    }
}
