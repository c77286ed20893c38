import Foundation
import Shared
import Testing

@testable import Ingest

@Suite struct `A drain` {
    @Test func `answers what is under way, closes what is idle and refuses what is new`() throws {
        let hasBegun = DispatchSemaphore(value: 0)
        let server = try HTTPTestServer { head, loop, server in
            guard head.segment(0, is: "wait") else { return Admission.echo(head, loop, server) }
            return .serve(bodyBytesMax: 0) { _ in
                let latch = Latch<Void>(on: loop)
                server.onDrain { latch.fulfil(()) }
                hasBegun.signal()
                _ = await latch.wait(until: loop.now + .seconds(25))
                return .json(200, Array("drained".utf8))
            }
        }
        let idle = try server.connect()
        idle.send(get())
        #expect(try idle.response().status == 200)
        let waiting = try server.connect()
        waiting.send(get("/wait"))
        hasBegun.wait()
        let late = try server.connect()
        late.send(get())
        #expect(try late.response().status == 200)

        server.beginDrain()
        let response = try waiting.response()
        #expect(response.body == "drained")
        #expect(response.header("Connection") == "close")
        late.send(get("/late"))
        let last = try late.response()
        #expect(last.body == "GET /late ")
        #expect(last.header("Connection") == "close")
        #expect(try late.isClosedByServer())
        #expect(try idle.isClosedByServer())
        #expect(server.drain() == 0)
        #expect(throws: HTTPTestClient.Failure.self) { try server.connect() }
    }

    @Test func `leaves an inherited socket to whoever comes next`() throws {
        let fd = try Socket.listenIPv4("127.0.0.1", 0, backlog: 16)
        defer { Socket.close(fd) }
        let environment = ["LISTEN_PID": "77", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"]
        let inherited = try InheritedSockets.find(pid: 77, firstFD: fd) { environment[$0] }
        #expect(inherited == [InheritedSockets.Inherited(fd: fd, name: "http")])
        #expect(try InheritedSockets.find(pid: 78, firstFD: fd) { environment[$0] } == [])
        let sockets = InheritedSockets.adopt(inherited, loopCount: 1)[0]

        let first = try HTTPTestServer(sockets: sockets, Admission.echo)
        let before = try first.connect()
        before.send(get("/1"))
        #expect(try before.response().status == 200)
        first.drain()
        let between = try HTTPTestClient(port: first.port)
        between.send(get("/2"))
        let second = try HTTPTestServer(sockets: sockets, Admission.echo)
        #expect(try between.response().body == "GET /2 ")
        second.drain()
    }

    @Test func `is not needed for a descriptor that does not listen`() {
        let environment = ["LISTEN_PID": "77", "LISTEN_FDS": "1"]
        #expect(throws: InheritedSockets.Failure.self) {
            try InheritedSockets.find(pid: 77, firstFD: 0) { environment[$0] }
        }
    }
}
