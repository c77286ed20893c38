import Shared
import Support
import Testing

private let lane = Lane(7)
private let tenSeconds: Duration = .seconds(10)

/// Each script's traces in the raw keys: these tests document the layout. What the scripts answer is the conformance
/// suite's.
@Suite(.serialized, .privateRedis) struct `The scripts of a lane` {
    @Test func `acquire.lua leaves a token that expires and a holder that does not`() async throws {
        let fixture = try RedisFixture()
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        #expect(try fixture.keys() == ["tl:{007}:holder", "tl:{007}:owner"])
        #expect(try fixture.text("GET", "tl:{007}:owner") == "host:1/0000000000000abc")
        #expect(try fixture.text("GET", "tl:{007}:holder") == "host:1/0000000000000abc")
        #expect(try fixture.number("PTTL", "tl:{007}:owner") > 9000)
        #expect(try fixture.text("PTTL", "tl:{007}:holder") == "-1")
    }

    @Test func `acquire.lua counts the crash of a holder without a lease`() async throws {
        let fixture = try RedisFixture()
        try fixture.accept([Entry(1)], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        try fixture.expireLease(of: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.otherToken, for: tenSeconds)
        #expect(try fixture.text("GET", "tl:{007}:crashes") == "1")
        #expect(try fixture.text("GET", "tl:{007}:holder") == "host:2/0000000000000def")
    }

    @Test func `acquire.lua counts for a lane whose work is all parked`() async throws {
        let fixture = try RedisFixture()
        _ = try fixture.text("ZADD", "tl:{007}:due", "5", "u1")
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        try fixture.expireLease(of: lane)
        #expect(
            try await fixture.queue.acquire([lane], as: Lease.otherToken, for: tenSeconds) == [
                .acquired(clean: false, crashes: 1)
            ])
    }

    @Test func `renew.lua moves the end of the lease`() async throws {
        let fixture = try RedisFixture()
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        #expect(try await fixture.queue.renew([Lease(lane)], for: .seconds(100)) == [true])
        #expect(try fixture.number("PTTL", "tl:{007}:owner") > 90_000)
    }

    @Test func `release.lua leaves nothing behind`() async throws {
        let fixture = try RedisFixture()
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        try await fixture.queue.release([Lease(lane, Lease.otherToken)])
        #expect(try fixture.keys() == ["tl:{007}:holder", "tl:{007}:owner"])
        try await fixture.queue.release([Lease(lane)])
        #expect(try fixture.keys() == [])
    }

    @Test func `begin_alone.lua and withdraw_alone.lua keep a note for each entry`() async throws {
        let fixture = try RedisFixture()
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        let id = Entry(1).id
        _ = try await fixture.queue.beginAlone(id, in: Lease(lane))
        _ = try await fixture.queue.beginAlone(id, in: Lease(lane))
        #expect(try fixture.texts("HGETALL", "tl:{007}:alone") == [id.description, "2"])
        try await fixture.queue.withdrawAlone(id, in: Lease(lane))
        #expect(try fixture.texts("HGETALL", "tl:{007}:alone") == [id.description, "1"])
        try await fixture.queue.withdrawAlone(id, in: Lease(lane))
        try await fixture.queue.withdrawAlone(id, in: Lease(lane))
        #expect(try fixture.text("EXISTS", "tl:{007}:alone") == "0")
    }

    @Test func `heartbeat.lua drops workers that have been silent too long`() async throws {
        let fixture = try RedisFixture()
        _ = try fixture.text("HSET", "tl:workers", "old", "1000:{}", "garbled", "?")
        let signs = try await fixture.queue.heartbeat(
            WorkerID("new"), info: Array("{}".utf8), forgetAfter: .seconds(60))
        #expect(signs.map { $0.worker } == [WorkerID("new")])
        #expect(try fixture.texts("HKEYS", "tl:workers") == ["new"])
        #expect(try fixture.text("HGET", "tl:workers", "new")?.hasSuffix(":{}") == true)
    }

    @Test func `push.lua pushes, counts, and rings when the lane was empty`() async throws {
        let fixture = try RedisFixture()
        let subscriber = try RedisSubscription(to: RedisFixture.url, options: RedisOptions(name: "bell"))
        try subscriber.subscribe(["tl:{007}:bell"])
        _ = try subscriber.next(within: tenSeconds)
        try await fixture.queue.push(Entry(1).bytes, id: Entry(1).id, to: lane)
        try await fixture.queue.push(Entry(2).bytes, id: Entry(2).id, to: lane)
        #expect(
            try subscriber.next(within: tenSeconds)
                == .message(channel: Array("tl:{007}:bell".utf8), payload: Array("007".utf8)))
        #expect(try subscriber.next(within: .zero) == nil)
        #expect(try fixture.text("LLEN", "tl:{007}:queue") == "2")
        #expect(try fixture.texts("HGETALL", "tl:{007}:count") == ["accepted", "2"])
    }

    @Test func `a bell of one lane is heard by who follows that lane, and by nobody else`() async throws {
        let fixture = try RedisFixture()
        func listeners() throws -> [String] {
            try fixture.texts("PUBSUB", "NUMSUB", "tl:{007}:bell", "tl:{008}:bell")
        }
        let queue = fixture.queue
        while try await queue.awaitBell([lane], limit: .seconds(1)) != [lane] {}
        #expect(try listeners() == ["tl:{007}:bell", "1", "tl:{008}:bell", "0"])
        while try await queue.awaitBell([Lane(8)], limit: .seconds(1)) != [Lane(8)] {}
        #expect(try listeners() == ["tl:{007}:bell", "0", "tl:{008}:bell", "1"])
        _ = try fixture.text("PUBLISH", "tl:bell", "007 008")
        #expect(try await queue.awaitBell([Lane(8)], limit: .seconds(10)) == [Lane(8)])
    }

    @Test func `mend_parked.lua judges by what is there at its own instant`() async throws {
        let fixture = try RedisFixture()
        func mend() throws -> Int64? {
            try fixture.redis.run(
                LaneScript.mendParked,
                keys: ["tl:{007}:parked:u1", "tl:{007}:due", "tl:{007}:attempts"], ["u1", 1000]
            ).integer
        }
        #expect(try mend() == 0)
        _ = try fixture.text("RPUSH", "tl:{007}:parked:u1", "x")
        #expect(try mend() == 1)
        #expect(try fixture.text("ZSCORE", "tl:{007}:due", "u1") == "1000")
        _ = try fixture.text("ZADD", "tl:{007}:due", "2000", "u1")
        _ = try fixture.text("HSET", "tl:{007}:attempts", "u1", "[]")
        #expect(try mend() == 0)
        #expect(try fixture.text("ZSCORE", "tl:{007}:due", "u1") == "2000")
        _ = try fixture.text("DEL", "tl:{007}:parked:u1")
        #expect(try mend() == 2)
        #expect(try fixture.keys() == [])
    }

    @Test func `push.lua forgets the old result and no other of its window`() async throws {
        let fixture = try RedisFixture()
        let entries = Entry.list(1...2)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        _ = try await fixture.queue.settle([SettleBatch(Lease(lane), entries, entries.map { $0.done() })])
        try await fixture.queue.push(entries[0].bytes, id: entries[0].id, to: lane)
        #expect(try fixture.result(entries[0].id, in: lane) == nil)
        #expect(try fixture.result(entries[1].id, in: lane) == "verdict")
    }

    @Test func `a script that the server forgot is sent again`() async throws {
        let fixture = try RedisFixture()
        try fixture.accept([Entry(1)], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        _ = try fixture.text("SCRIPT", "FLUSH")
        #expect(
            try await fixture.queue.settle([SettleBatch(Lease(lane), [Entry(1)], [Entry(1).done()])]) == [
                .settled(depth: 0, backlogs: [])
            ])
    }
}
