import Foundation
import Shared
import Synchronization
import Testing

@testable import Ingest

@Suite struct `A connection` {
    private static func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits.brisk
        change(&limits)
        return limits
    }

    @Test func `is closed in silence when it is idle too long`() throws {
        let server = try HTTPTestServer(
            limits: Self.limits { $0.idleTime = .milliseconds(150) }, Admission.echo)
        let fresh = try server.connect()
        let used = try server.connect()
        used.send(get())
        #expect(try used.response().status == 200)
        #expect(try fresh.isClosedByServer())
        #expect(try used.isClosedByServer())
        server.drain()
    }

    @Test func `has a bounded time for a head in all, however it drips`() throws {
        let server = try HTTPTestServer(
            limits: Self.limits { $0.headTime = .milliseconds(300) }, Admission.echo)
        let client = try server.connect()
        for byte in get("/", "X: " + String(repeating: "a", count: 500)).utf8.prefix(90) {
            client.send([byte])
            usleep(5000)
        }
        let response = try client.response()
        #expect(response.status == 408)
        #expect(response.body.contains("request-timeout"))
        #expect(try client.isClosedByServer())
        server.drain()
    }

    @Test func `has a bounded time for a body in all`() throws {
        let server = try HTTPTestServer(
            limits: Self.limits { $0.bodyTime = .milliseconds(200) }, Admission.echo)
        for headers in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
            let client = try server.connect()
            client.send(post(headers) + "5\r\nhe")
            #expect(try client.response().status == 408)
            #expect(try client.isClosedByServer())
        }
        server.drain()
    }

    @Test func `is cut when the client takes nothing of its answers`() throws {
        let hasBegun = DispatchSemaphore(value: 0)
        let server = try HTTPTestServer(limits: Self.limits { $0.writeStallTime = .milliseconds(200) }) {
            _, _, _ in
            hasBegun.signal()
            return .serve(bodyBytesMax: 0) { _ in .json(200, [UInt8](repeating: 0x20, count: 32_000_000)) }
        }
        let client = try server.connect()
        client.send(get())
        hasBegun.wait()
        while server.budget.count > 0 { usleep(10_000) }
        #expect(throws: HTTPTestClient.Failure.self) { try client.response() }
        server.drain()
    }

    @Test func `takes a large answer as fast as the client reads`() throws {
        let server = try HTTPTestServer { _, _, _ in
            .serve(bodyBytesMax: 0) { _ in .json(200, [UInt8](repeating: 0x61, count: 3_000_000)) }
        }
        let client = try server.connect()
        client.send(get() + get() + get())
        for _ in 0..<3 { #expect(try client.response().body.utf8.count == 3_000_000) }
        client.send(get())
        #expect(try client.response().body.utf8.count == 3_000_000)
        server.drain()
    }

    @Test func `that the client closes cancels the handler`() throws {
        let isCancelled = DispatchSemaphore(value: 0)
        let hasBegun = DispatchSemaphore(value: 0)
        let server = try HTTPTestServer { _, loop, _ in
            .serve(bodyBytesMax: 0) { _ in
                hasBegun.signal()
                if case .cancelled = await Latch<Void>(on: loop).wait(until: loop.now + .seconds(25)) {
                    isCancelled.signal()
                }
                return .json(200, [])
            }
        }
        do {
            let client = try server.connect()
            client.send(get())
            hasBegun.wait()
        }
        #expect(isCancelled.wait(timeout: .now() + 10) == .success)
        while server.budget.count > 0 { usleep(1000) }
        server.drain()
    }

    @Test func `that is shut in one direction still gets its answers`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let client = try server.connect()
        client.send(get("/1") + get("/2") + get("/3"))
        client.finishSending()
        #expect(try client.response().body == "GET /1 ")
        #expect(try client.response().body == "GET /2 ")
        #expect(try client.response().body == "GET /3 ")
        #expect(try client.isClosedByServer())
        server.drain()
    }

    @Test func `takes thousands of requests in one packet`() throws {
        let server = try HTTPTestServer { head, loop, server in
            head.segment(0, is: "now") ? .answer(.json(200, [])) : Admission.echo(head, loop, server)
        }
        for path in ["/now", "/later"] {
            let client = try server.connect()
            client.send(String(repeating: "GET \(path) HTTP/1.1\r\nHost:\r\n\r\n", count: 10_000))
            for _ in 0..<10_000 { #expect(try client.response().status == 200) }
        }
        server.drain()
    }

    @Test func `of HTTP 1_0 or with Connection close ends after the answer`() throws {
        let server = try HTTPTestServer(Admission.echo)
        for request in [
            "GET / HTTP/1.0\r\n\r\n", get("/", "Connection: Close"), get("/", "Connection: x, close"),
        ] {
            let client = try server.connect()
            client.send(request + get("/never"))
            #expect(try client.response().header("Connection") == "close")
            #expect(try client.isClosedByServer())
        }
        server.drain()
    }

    @Test func `sends no body to HEAD and with 204, and always a length`() throws {
        let server = try HTTPTestServer { head, loop, server in
            head.segment(0, is: "none") ? .answer(Response(status: 204)) : Admission.echo(head, loop, server)
        }
        let client = try server.connect()
        client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" + get("/none") + get("/x"))
        #expect(try client.response(hasBody: false).header("Content-Length") == "10")
        let none = try client.response()
        #expect(none.status == 204 && none.header("Content-Length") == nil)
        #expect(try client.response().body == "GET /x ")
        server.drain()
    }

    @Test func `makes room when there are too many, if it is idle`() throws {
        let server = try HTTPTestServer(connectionsMax: 3, Admission.echo)
        var clients: [HTTPTestClient] = []
        for _ in 0..<8 {
            let client = try server.connect()
            client.send(get())
            #expect(try client.response().status == 200)
            clients.append(client)
        }
        #expect(server.budget.count == 3)
        #expect(try clients[0].isClosedByServer())
        server.drain()
    }
}
