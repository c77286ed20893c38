import Foundation
import Shared
import Synchronization

@testable import Ingest

/// A server on one loop and a free port, with a handler made of one closure.
final class HTTPTestServer: Sendable {
    let port: UInt16
    let budget: ConnectionBudget
    let refusals = Mutex<[ProblemType]>([])
    private let stop = StopSignal()
    private let ended = DispatchSemaphore(value: 0)
    private let cutCount = Mutex(0)

    init(
        limits: Limits = .brisk, connectionsMax: Int = 100_000, sockets given: [ListeningSocket]? = nil,
        _ admit: @escaping @Sendable (RequestHead, EventLoop, Server) -> Admission
    ) throws {
        let sockets: [ListeningSocket]
        if let given {
            sockets = given
        } else {
            sockets = try ListeningSocket.open(.ipv4(host: "127.0.0.1", port: 0), loopCount: 1)[0]
        }
        port = sockets.first?.port ?? 0
        budget = ConnectionBudget(max: connectionsMax)
        let group = try LoopGroup(count: 1, name: "test")
        let ready = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            try? group.run { loop in
                await self.serve(on: loop, sockets, limits, admit) { ready.signal() }
            }
            ended.signal()
        }
        ready.wait()
    }

    private func serve(
        on loop: EventLoop, _ sockets: [ListeningSocket], _ limits: Limits,
        _ admit: @escaping @Sendable (RequestHead, EventLoop, Server) -> Admission, _ isReady: () -> Void
    ) async {
        let handler = ClosureHandler(owner: self, loop: loop, admit: admit)
        guard
            let server = try? Server(
                on: loop, sockets: sockets, limits: limits, budget: budget, handler: handler)
        else { return isReady() }
        handler.server = server
        isReady()
        await stop.wait(on: loop)
        let cut = await server.drain(within: .seconds(20))
        cutCount.withLock { $0 = cut }
        handler.server = nil
    }

    /// Begins to drain without waiting for the end.
    func beginDrain() { stop.raise() }

    /// Drains, waits for the loop to end, and returns how many connections had to be cut.
    @discardableResult
    func drain() -> Int {
        stop.raise()
        ended.wait()
        return cutCount.withLock { $0 }
    }

    func connect() throws -> HTTPTestClient { try HTTPTestClient(port: port) }
}

/// Admits by a closure.
private final class ClosureHandler: RequestHandler {
    let owner: HTTPTestServer
    let loop: EventLoop
    let closure: @Sendable (RequestHead, EventLoop, Server) -> Admission
    var server: Server?

    init(
        owner: HTTPTestServer, loop: EventLoop,
        admit: @escaping @Sendable (RequestHead, EventLoop, Server) -> Admission
    ) {
        self.owner = owner
        self.loop = loop
        self.closure = admit
    }

    func admit(_ head: RequestHead) -> Admission {
        guard let server else { return .answer(head.answer(Problem(.draining).retryAfter(seconds: 1))) }
        return closure(head, loop, server)
    }

    func refused(_ type: ProblemType) { owner.refusals.withLock { $0.append(type) } }
}

extension Limits {
    /// The standard ones, with short goodbyes.
    static let brisk = {
        var limits = Limits.standard
        limits.lingerTime = .milliseconds(300)
        limits.drainGrace = .milliseconds(100)
        return limits
    }()
}

extension Admission {
    /// Answers every request with 200 and method, target and body.
    static func echo(_ head: RequestHead, _ loop: EventLoop, _ server: Server) -> Admission {
        .serve(bodyBytesMax: 64 * 1024) { request in
            var body = Array("\(request.head.method.name) ".utf8) + request.head.target
            body += Array(" ".utf8) + request.body
            var response = Response(status: 200)
            response.contentType = .plainText
            response.body = body
            return response
        }
    }
}
