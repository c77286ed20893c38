import Shared
import Testing

@testable import Ingest

@Suite struct `The HTTP server` {
    @Test func `answers a request with the headers that every answer has`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let client = try server.connect()

        client.send("GET /hello?x=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\n\r\n")
        let response = try client.response()

        #expect(response.status == 200)
        #expect(response.body == "GET /hello?x=1 ")
        #expect(response.header("X-Request-Id") == "abc")
        #expect(response.header("Cache-Control") == "no-store")
        #expect(response.header("X-Content-Type-Options") == "nosniff")
        #expect(response.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'")
        #expect(response.header("Referrer-Policy") == "no-referrer")
        #expect(response.header("Date")?.hasSuffix(" GMT") == true)
        #expect(response.header("Connection") == nil)
        server.drain()
    }

    @Test func `answers pipelined requests in order, however their bytes are split`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let client = try server.connect()
        let requests =
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
            + "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "2\r\ntw\r\n1\r\no\r\n0\r\nT: x\r\n\r\n"
            + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"

        for size in [1, 2, 7, 64, 1000] {
            var rest = Array(requests.utf8)[...]
            while !rest.isEmpty {
                client.send(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(try client.response().body == "POST /1 one")
            #expect(try client.response().body == "POST /2 two")
            #expect(try client.response().body == "GET /3 ")
        }
        server.drain()
    }

    @Test func `closes after a malformed request that it has answered in full`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let client = try server.connect()

        client.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n" + String(repeating: "x", count: 200_000))
        let response = try client.response()

        #expect(response.status == 400)
        #expect(response.header("Content-Type") == "application/problem+json")
        #expect(response.header("Connection") == "close")
        #expect(response.body.contains(#""code":"malformed-request""#))
        #expect(try client.isClosedByServer())
        server.drain()
    }
}
