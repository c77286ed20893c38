import Foundation
import Shared
import Synchronization
import Testing

@testable import Ingest

@Suite struct `A server under pressure` {
    @Test func `hands over to its successor without a failed request`() throws {
        let fd = try Socket.listenIPv4("127.0.0.1", 0, backlog: 128)
        defer { Socket.close(fd) }
        let sockets = [ListeningSocket(fd: fd, isShared: true, isInherited: true)]
        let first = try HTTPTestServer(sockets: sockets, Admission.echo)
        let port = first.port
        let answered = Mutex(0)
        let failures = Mutex<[String]>([])
        let mayStop = Mutex(false)
        let ended = DispatchGroup()
        for _ in 0..<8 {
            ended.enter()
            Thread.detachNewThread {
                defer { ended.leave() }
                do {
                    var client = try HTTPTestClient(port: port)
                    while !mayStop.withLock({ $0 }) {
                        client.send(get("/load"))
                        let response = try client.response()
                        answered.withLock { $0 += response.status == 200 ? 1 : 0 }
                        if response.header("Connection") == "close" {
                            client = try HTTPTestClient(port: port)
                        }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        func waitForAnswers(_ count: Int) {
            let wanted = answered.withLock { $0 } + count
            while answered.withLock({ $0 }) < wanted, failures.withLock({ $0.isEmpty }) { usleep(1000) }
        }
        waitForAnswers(100)
        let second = try HTTPTestServer(sockets: sockets, Admission.echo)
        waitForAnswers(100)
        #expect(first.drain() == 0)
        waitForAnswers(100)
        mayStop.withLock { $0 = true }
        ended.wait()
        #expect(failures.withLock { $0 } == [])
        second.drain()
    }

    @Test func `survives having no descriptor left`() async {
        await #expect(processExitsWith: .success) {
            let server = try HTTPTestServer(Admission.echo)
            let early = try server.connect()
            early.send(get())
            guard try early.response().status == 200 else { exit(2) }

            let unused = (0..<40).map { _ in HTTPTestClient.Unconnected() }
            // From here on the server may open a few descriptors more and then none.
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = rlim_t((unused.map(\.fd).max() ?? 0) + 4)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var clients = try unused.map { try $0.connect(port: server.port) }
            while server.budget.count > 4 { usleep(1000) }

            early.send(get())
            guard try early.response().status == 200 else { exit(3) }
            clients.removeAll()
            while server.budget.count > 1 { usleep(1000) }
            let late = try server.connect()
            late.send(get())
            guard try late.response().status == 200 else { exit(4) }
            exit(0)
        }
    }

    @Test func `serves others while many are slow`() throws {
        let server = try HTTPTestServer(Admission.echo)
        let slow = try (0..<200).map { index in
            let client = try server.connect()
            client.send(String(post("Content-Length: 50").prefix(10 + index % 40)))
            return client
        }
        let quick = try server.connect()
        for _ in 0..<100 {
            quick.send(get())
            #expect(try quick.response().status == 200)
        }
        #expect(server.budget.count == slow.count + 1)
        server.beginDrain()
    }
}
