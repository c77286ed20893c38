import Shared
import Support
import Testing

/// In a cluster each script may touch one slot only: the lane's hash tag keeps its keys together.
@Suite(.serialized, .privateRedis("--cluster-enabled", "yes")) struct `A lane in Redis Cluster` {
    @Test func `lies in one slot`() async throws {
        let redis = try RedisConnection(to: RedisFixture.url, options: RedisOptions(name: "test"))
        _ = try redis.command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while try redis.command("CLUSTER", "INFO").text?.contains("cluster_state:ok") != true {}
        let fixture = try RedisFixture()
        let (queue, lanes) = (fixture.queue, [Lane(7), Lane(8)])
        let u1 = Entry(1, "u1")

        for lane in lanes { try fixture.accept([u1, Entry(2, "u2")], into: lane) }
        _ = try await queue.acquire(lanes, as: Lease.token, for: .seconds(10))
        #expect(try await queue.renew(lanes.map { Lease($0) }, for: .seconds(10)) == [true, true])
        #expect(try await queue.beginAlone(u1.id, in: Lease(lanes[0])) == 1)
        let settled = try await queue.settle(
            lanes.map {
                SettleBatch(
                    Lease($0), [u1, Entry(2, "u2")], [u1.parked(result: "r"), Entry(2, "u2").done()],
                    parks: [Park("u1", due: 5)])
            })
        #expect(settled == Array(repeating: .settled(depth: 0, backlogs: []), count: 2))
        let parked = try await queue.settleParked(
            lanes.map { ParkedSettleBatch(Lease($0), [u1], done: [u1.done()], next: Park("u1", due: 9)) })
        #expect(parked == settled)
        try await queue.push(u1.bytes, id: u1.id, to: lanes[0])
        let wants = lanes.map { PrefixRequest($0, count: 9) }
        let alone = SettleBatch(Lease(lanes[0]), [u1], [u1.done()])
        // Another connection, which does not know yet that this is a cluster.
        let ahead = try await fixture.other.settle([alone], thenPeek: wants)
        #expect(ahead.outcomes == [.settled(depth: 0, backlogs: [])] && ahead.ahead.isEmpty)
        #expect(try await fixture.other.peek(wants).map { $0.entries.count } == [0, 0])
        _ = try await queue.heartbeat(WorkerID("w"), info: [], forgetAfter: .seconds(60))
        #expect(try await queue.awaitBell(lanes, limit: .seconds(10)).isEmpty == false)
        let key = EnqueueLine.Key(name: [65], fingerprint: [66])
        let once = EnqueueCommand.once(
            [EnqueueLine(id: u1.id, entry: u1.bytes, key: key)], of: u1.user, keys: LaneKeys(lanes[0]),
            lifetime: .seconds(86400))
        try fixture.redis.load([LaneScript.enqueue])
        #expect(try once.outcome(of: fixture.redis.command(once.commands[0])).pushed == 1)
        try await queue.release(lanes.map { Lease($0) })
    }

    @Test func `has every key under the lane's tag`() throws {
        let keys = LaneKeys(Lane(7))
        let user = try #require(UserID("a:b"))
        let all = [
            keys.queue, keys.due, keys.attempts, keys.owner, keys.holder, keys.crashes, keys.alone,
            keys.count,
            keys.paused, keys.results(of: ResultWindow(of: Entry(1).id)),
            keys.parked(user),
            keys.idempotency(user, key: Array("}{x".utf8)),
        ]
        let redis = try RedisConnection(to: RedisFixture.url, options: RedisOptions(name: "test"))
        let slots = try all.map { try redis.command("CLUSTER", "KEYSLOT", .bytes($0)).integer }
        #expect(Set(slots).count == 1)
    }
}
