import Synchronization
import Testing

@testable import Ingest

@Suite struct `A refused request` {
    private struct Row {
        let text: String
        let status: Int
    }

    private static let rows: [Row] =
        HTTPHeadRules.malformedLines.map { Row(text: $0, status: 400) }
        + HTTPHeadRules.malformedTargets.map { Row(text: get($0), status: 400) }
        + HTTPHeadRules.malformedHeaders.map { Row(text: get("/", $0), status: 400) }
        + HTTPHeadRules.malformedLengths.map { Row(text: post("Content-Length: \($0)"), status: 400) }
        + HTTPHeadRules.malformedFramings.map { Row(text: post($0), status: 400) }
        + HTTPHeadRules.unknown.map { Row(text: $0, status: 501) }
        + [
            Row(text: get("/" + String(repeating: "a", count: 9000)), status: 414),
            Row(text: get("/", "X: " + String(repeating: "a", count: 9000)), status: 431),
            Row(text: get("/", (0..<70).map { "X\($0): a" }.joined(separator: "\r\n")), status: 431),
        ]

    private static let codes = [
        400: "malformed-request", 414: "uri-too-long", 431: "headers-too-large", 501: "not-implemented",
    ]

    @Test func `keeps the id that the client gave it`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let id = "X-Request-Id: mine"
        for text in [
            get("/", id, "X : a"), post(id, "Content-Length: +1"),
            post(id, "Transfer-Encoding: chunked") + "x\r\n",
            post(id, "Content-Length: 99999999"),
        ] {
            let client = try server.connect()
            client.send(text)
            let response = try client.response()
            #expect(response.header("X-Request-Id") == "mine")
            #expect(response.body.contains(#""instance":"mine""#))
        }
        let client = try server.connect()
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n")
        #expect(try client.response(hasBody: false).status == 400)
        #expect(try client.isClosedByServer())
        server.drain()
    }

    @Test func `of every kind gets a whole answer and an end, and nothing behind it is served`() throws {
        let server = try HTTPTestServer(Admission.echo)
        for row in Self.rows {
            let client = try server.connect()
            client.send(get("/before") + row.text + get("/smuggled"))
            #expect(try client.response().body == "GET /before ")
            let response = try client.response()
            #expect(response.status == row.status, "\(row.text.debugDescription)")
            #expect(response.body.contains(#""code":"\#(Self.codes[row.status] ?? "")""#))
            #expect(response.body.contains(#""instance":"\#(response.header("X-Request-Id") ?? "?")""#))
            for name in [
                "Date", "Cache-Control", "X-Content-Type-Options", "Content-Security-Policy",
                "Referrer-Policy",
            ] {
                #expect(response.header(name) != nil, "\(name)")
            }
            #expect(response.header("Content-Type") == "application/problem+json")
            #expect(response.header("Connection") == "close")
            #expect(try client.isClosedByServer(), "\(row.text.debugDescription)")
        }
        #expect(server.refusals.withLock { $0.count } == Self.rows.count)
        server.drain()
    }
}
