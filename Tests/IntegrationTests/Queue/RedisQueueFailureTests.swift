import Shared
import Support
import Testing

private let lane = Lane(7)

/// What a worker is told when Redis goes away, and how it gets back to it.
@Suite(.serialized, .privateRedis) struct `A queue in Redis` {
    private func queue(replyTimeout: Duration = .seconds(5)) throws -> RedisQueue {
        RedisQueue(
            url: try RedisFixture.url, options: RedisOptions(name: "queue", replyTimeout: replyTimeout),
            lanes: 256, resultLifetime: .seconds(900))
    }

    @Test func `says that nothing happened where nobody listens`() async throws {
        let queue = RedisQueue(
            url: RedisURL(address: .unix(path: "/nowhere/redis.sock")), options: RedisOptions(name: "queue"),
            lanes: 1, resultLifetime: .seconds(900))
        let error = await #expect(throws: QueueError.self) {
            try await queue.peek([PrefixRequest(Lane(0), count: 1)])
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error)) says more than is known")
            return
        }
    }

    @Test func `says that a settle may have happened where no reply came`() async throws {
        let fixture = try RedisFixture()
        try fixture.accept([Entry(1)], into: lane)
        let queue = try queue(replyTimeout: .milliseconds(200))
        _ = try await queue.acquire([lane], as: Lease.token, for: .seconds(10))
        let batch = SettleBatch(Lease(lane), [Entry(1)], [Entry(1).done()])
        PrivateRedis.current.signal(19)
        let error = await #expect(throws: QueueError.self) { try await queue.settle([batch]) }
        PrivateRedis.current.signal(18)
        guard case .unanswered = error else {
            Issue.record("\(String(describing: error)) says more than is known")
            return
        }
        let prefix = try await queue.peek([PrefixRequest(lane, count: 1)])
        #expect(prefix[0].entries.isEmpty)
        #expect(try await queue.settle([batch]) == [.prefixChanged])
        #expect(try fixture.count(lane).succeeded == 1)
    }

    @Test func `finds its lanes, leases and scripts again after a restart`() async throws {
        let fixture = try RedisFixture()
        try fixture.accept([Entry(1)], into: lane)
        let queue = try queue()
        _ = try await queue.acquire([lane], as: Lease.token, for: .seconds(60))
        _ = try await queue.awaitBell([lane], limit: .milliseconds(1))
        PrivateRedis.current.kill()
        try PrivateRedis.current.start()

        await #expect(throws: QueueError.self) { try await queue.peek([PrefixRequest(lane, count: 1)]) }
        #expect(try await queue.peek([PrefixRequest(lane, count: 1)])[0].entries.count == 1)
        #expect(try await queue.renew([Lease(lane)], for: .seconds(60)) == [true])
        #expect(
            try await queue.settle([SettleBatch(Lease(lane), [Entry(1)], [Entry(1).done()])]) == [
                .settled(depth: 0, backlogs: [])
            ])

        await #expect(throws: QueueError.self) { try await queue.awaitBell([lane], limit: .seconds(10)) }
        #expect(try await queue.awaitBell([lane], limit: .seconds(10)) == [lane])
    }

    @Test func `ends its wait for a bell when another thread wakes it`() async throws {
        _ = try RedisFixture()
        let queue = try queue()
        while try await !queue.awaitBell([lane], limit: .milliseconds(1)).contains(lane) {}
        let waker = queue.waker
        async let woken: Void = waker.wake()
        let start = ContinuousClock.now
        while try await !queue.awaitBell([lane], limit: .seconds(60)).isEmpty {}
        #expect(ContinuousClock.now - start < .seconds(30))
        await woken
    }

    @Test func `keeps apart the replies of a call of which one lane is refused`() async throws {
        let fixture = try RedisFixture()
        let queue = try queue()
        _ = try fixture.text("SET", "tl:{008}:queue", "not a list")
        try fixture.accept([Entry(1)], into: lane)
        await #expect(throws: QueueError.self) {
            try await queue.peek([PrefixRequest(Lane(8), count: 1), PrefixRequest(lane, count: 1)])
        }
        #expect(try await queue.peek([PrefixRequest(lane, count: 1)])[0].entries.all == [Entry(1).bytes])
    }
}
