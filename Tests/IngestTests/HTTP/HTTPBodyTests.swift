import Shared
import Synchronization
import Testing

@testable import Ingest

@Suite struct `A request body` {
    private static let unauthorized: @Sendable (RequestHead, EventLoop, Server) -> Admission = {
        head, loop, server in
        head[.authorization] == nil
            ? .answer(
                head.answer(Problem(.unauthorized).with("WWW-Authenticate", "Bearer realm=\"tasklane\"")))
            : Admission.echo(head, loop, server)
    }

    @Test func `is asked for with 100 Continue only when it is wanted`() throws {
        let server = try HTTPTestServer(Self.unauthorized)
        let head = "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"

        let refused = try server.connect()
        refused.send(head + "\r\n")
        #expect(try refused.response().status == 401)
        #expect(try refused.isClosedByServer())

        let wanted = try server.connect()
        wanted.send(head + "Authorization: x\r\n\r\n")
        #expect(try wanted.response(hasBody: false).status == 100)
        wanted.send("body")
        #expect(try wanted.response().body == "POST /a body")

        wanted.send(head + "Authorization: x\r\n\r\nnow!")
        #expect(try wanted.response().body == "POST /a now!")
        server.drain()
    }

    @Test func `that is too large is refused before it is read`() throws {
        let server = try HTTPTestServer(Admission.echo)
        for headers in [
            "Content-Length: 65537", "Content-Length: 9000000000000000000",
            "Content-Length: 65537\r\nExpect: 100-continue",
        ] {
            let client = try server.connect()
            client.send("POST / HTTP/1.1\r\nHost: a\r\n\(headers)\r\n\r\n")
            let response = try client.response()
            #expect(response.status == 413)
            #expect(response.body.contains("content-too-large"))
        }
        let client = try server.connect()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<17 { client.send("1000\r\n" + String(repeating: "a", count: 4096) + "\r\n") }
        #expect(try client.response().status == 413)
        #expect(try client.isClosedByServer())
        #expect(server.refusals.withLock { $0 } == Array(repeating: .contentTooLarge, count: 4))
        server.drain()
    }

    @Test func `of the greatest size arrives whole`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let client = try server.connect()
        let body = String(repeating: "0123456789abcdef", count: 4096)
        for _ in 0..<3 {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" + body)
            #expect(try client.response().body == "POST / " + body)
            client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "10000\r\n\(body)\r\n0\r\n\r\n"
            )
            #expect(try client.response().body == "POST / " + body)
        }
        server.drain()
    }

    @Test func `of a refused request is passed over when it is small`() throws {
        let server = try HTTPTestServer(Self.unauthorized)
        let client = try server.connect()
        let whole = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /"
        for size in [1, 10, 1000] {
            var rest = Array((whole + whole + "GET /2 HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\n\r\n").utf8)[
                ...]
            while !rest.isEmpty {
                client.send(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(try client.response().status == 401)
            #expect(try client.response().status == 401)
            #expect(try client.response().body == "GET /2 ")
        }
        server.drain()
    }

    @Test func `of a refused request ends the connection when it is large or of unknown length`() throws {
        let server = try HTTPTestServer(Self.unauthorized)
        for headers in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
            let client = try server.connect()
            client.send("POST /1 HTTP/1.1\r\nHost: a\r\n\(headers)\r\n\r\n")
            let response = try client.response()
            #expect(response.status == 401)
            #expect(response.header("Connection") == "close")
            #expect(response.header("WWW-Authenticate") == "Bearer realm=\"tasklane\"")
            #expect(try client.isClosedByServer())
        }
        server.drain()
    }

    @Test func `in bad chunks is refused`() throws {
        let server = try HTTPTestServer(Admission.echo)
        for chunks in ["x\r\n", "5\nhello", "5;a=b\r\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n"] {
            let client = try server.connect()
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
            let response = try client.response()
            #expect(response.status == 400)
            #expect(response.header("Connection") == "close")
            #expect(try client.isClosedByServer())
        }
        server.drain()
    }

    @Test func `can wait for a decision that takes a while`() throws {
        let server = try HTTPTestServer { head, loop, server in
            .ask {
                try? await loop.sleep(for: .milliseconds(5))
                return Admission.echo(head, loop, server)
            }
        }
        let client = try server.connect()
        let requests =
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
            + "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
        for size in [3, 1000] {
            var rest = Array(requests.utf8)[...]
            while !rest.isEmpty {
                client.send(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(try client.response().body == "POST /1 one")
            #expect(try client.response().body == "POST /2 two")
        }
        server.drain()
    }
}
