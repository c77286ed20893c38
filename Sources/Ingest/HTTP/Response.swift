internal import Shared

/// An answer: what a handler decides of it. The server adds the headers that every answer has.
struct Response: Sendable {
    /// What the body is.
    enum ContentType: Sendable {
        /// There is no body.
        case none
        case json, problem, html, prometheus, plainText, javascript, css

        /// Its header line and the beginning of the next, as one text: an answer is put together of few.
        var lines: StaticString {
            switch self {
            case .none: "\r\nContent-Length: "
            case .json: "\r\nContent-Type: application/json\r\nContent-Length: "
            case .problem: "\r\nContent-Type: application/problem+json\r\nContent-Length: "
            case .html: "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: "
            case .prometheus: "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: "
            case .plainText: "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
            case .javascript: "\r\nContent-Type: text/javascript; charset=utf-8\r\nContent-Length: "
            case .css: "\r\nContent-Type: text/css; charset=utf-8\r\nContent-Length: "
            }
        }
    }

    var status: Int
    var contentType = ContentType.none
    /// Sent for GET; for HEAD only its length is.
    var body: [UInt8] = []
    /// More header lines, each ended by CRLF. Never from a client's bytes without a check for line ends.
    var headers: [UInt8] = []
    var cacheControl: StaticString = "no-store"
    /// Replaces the policy that every answer has; for the dashboard's page.
    var contentSecurityPolicy: StaticString?
    /// Close the connection after this answer.
    var closes = false

    init(status: Int) { self.status = status }

    /// An answer with a JSON body.
    static func json(_ status: Int, _ body: [UInt8]) -> Response {
        var response = Response(status: status)
        response.contentType = .json
        response.body = body
        return response
    }

    /// Adds a header line. A control character would let a value end the line: it is left out.
    mutating func add(_ name: StaticString, _ value: some Sequence<UInt8>) {
        headers.append(name)
        headers.append(": ")
        for byte in value where ByteClass.isValue(byte) { headers.append(byte) }
        headers.append("\r\n")
    }

    /// Adds a header line.
    mutating func add(_ name: StaticString, _ value: String) { add(name, value.utf8) }

    /// True for the statuses that never have a body.
    var isBodiless: Bool { status == 204 || status == 304 || status < 200 }
}
