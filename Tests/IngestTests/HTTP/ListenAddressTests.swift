import Shared
import Testing

@testable import Ingest

@Suite struct `A listen address` {
    @Test(arguments: [
        "127.0.0.1:8080", "0.0.0.0:0", "[::1]:9090", "[::]:65535", "unix:/run/tasklane/http.sock",
    ])
    func `is written as it is read`(text: String) {
        #expect(ListenAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "8080", ":8080", "a:", "a:+5", "a:65536", "::1:8080", "unix:relative", "a:8080x", "a: 80",
    ])
    func `is refused when it could mean something else`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func `of a path takes over from a dead owner and not from a living one`() throws {
        let path = "/tmp/tasklane-listen-\(UInt64.random(in: 0...UInt64.max)).sock"
        let address = try #require(ListenAddress("unix:\(path)"))
        let first = try ListeningSocket.open(address, loopCount: 2)
        #expect(first.count == 2 && first[0][0].fd == first[1][0].fd)
        #expect(throws: ListeningSocket.Failure.self) { try ListeningSocket.open(address, loopCount: 1) }
        Socket.close(first[0][0].fd)
        let second = try ListeningSocket.open(address, loopCount: 1)
        Socket.close(second[0][0].fd)
    }

    @Test func `with IPv6 gives each loop a socket of the same port`() throws {
        let sockets = try ListeningSocket.open(.ipv6(host: "::1", port: 0), loopCount: 3)
        #expect(Set(sockets.map { $0[0].port }).count == 1)
        #expect(Set(sockets.map { $0[0].fd }).count == 3)
        for socket in sockets { Socket.close(socket[0].fd) }
    }
}
