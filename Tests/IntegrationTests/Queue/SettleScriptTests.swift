import Shared
import Support
import Testing

private let lane = Lane(7)

/// settle.lua and settle_parked.lua, seen in the raw keys.
@Suite(.serialized, .privateRedis) struct `The settle scripts` {
    private let u1 = [Entry(1, "u1"), Entry(3, "u1")]
    private let u2 = [Entry(2, "u2"), Entry(4, "u2")]

    /// u1 parked with two entries, one entry of u2 done, one left.
    private func parked(_ fixture: RedisFixture) async throws {
        let batch = [u1[0], u2[0], u1[1]]
        try fixture.accept(batch + [u2[1]], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([
            SettleBatch(
                Lease(lane), batch,
                [u1[0].parked(result: "retrying"), u2[0].done(result: "{}"), u1[1].parked()],
                parks: [Park("u1", due: 5000, attempts: "[1]")], crashesAfter: 2)
        ])
    }

    @Test func `settle.lua trims, parks, counts and writes results`() async throws {
        let fixture = try RedisFixture()
        try await parked(fixture)
        #expect(try fixture.texts("LRANGE", "tl:{007}:queue", 0, -1) == [text(u2[1])])
        #expect(try fixture.texts("LRANGE", "tl:{007}:parked:u1", 0, -1) == u1.map(text))
        #expect(try fixture.texts("ZRANGE", "tl:{007}:due", 0, -1, "WITHSCORES") == ["u1", "5000"])
        #expect(try fixture.texts("HGETALL", "tl:{007}:attempts") == ["u1", "[1]"])
        #expect(try fixture.text("GET", "tl:{007}:crashes") == "2")
        #expect(try fixture.texts("HGETALL", "tl:{007}:count") == ["accepted", "4", "succeeded", "1"])
        #expect(try fixture.result(u1[0].id, in: lane) == "retrying")
        #expect(try fixture.result(u2[0].id, in: lane) == "{}")
        let window = u1[0].id.milliseconds >> 12
        #expect(try fixture.text("HGET", "tl:{007}:result:\(window)", "\(u1[0].id)") == "retrying")
        let lifetime = try fixture.number("TTL", "tl:{007}:result:\(window)")
        #expect((890...900).contains(lifetime))
        #expect(try fixture.keys().count == 9)
    }

    @Test func `settle.lua writes more results than one command takes, each to its window`() async throws {
        let fixture = try RedisFixture()
        let entries = Entry.list(1...2500) + [Entry(0x10_0000_0001), Entry(0x10_0000_0002)]
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([
            SettleBatch(Lease(lane), entries, entries.map { $0.done(result: "\($0.id)") })
        ])
        let keys = try fixture.keys().filter { $0.contains("result") }
        #expect(try keys.map { try fixture.number("HLEN", .text($0)) } == [2500, 2])
        for entry in [entries[0], entries[999], entries[1000], entries[2499], entries[2501]] {
            #expect(try fixture.result(entry.id, in: lane) == "\(entry.id)")
        }
    }

    @Test func `settle.lua publishes the ids that are done in one message`() async throws {
        let fixture = try RedisFixture()
        let subscriber = try RedisSubscription(to: RedisFixture.url, options: RedisOptions(name: "done"))
        try subscriber.subscribe(["tl:done"])
        _ = try subscriber.next(within: .seconds(10))
        let entries = Entry.list(1...3)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([
            SettleBatch(
                Lease(lane), entries, [entries[0].done(), entries[1].parked(), entries[2].done(.failed)],
                parks: [Park("u1", due: 1)])
        ])
        #expect(
            try subscriber.next(within: .seconds(10))
                == .message(
                    channel: Array("tl:done".utf8),
                    payload: Array("007 \(entries[0].id) \(entries[2].id)".utf8)))
        #expect(try subscriber.next(within: .zero) == nil)
    }

    /// A subscriber that a settle has been told of.
    private func listener(_ fixture: RedisFixture) async throws -> RedisSubscription {
        let subscriber = try RedisSubscription(to: RedisFixture.url, options: RedisOptions(name: "done"))
        try subscriber.subscribe(["tl:done"])
        _ = try subscriber.next(within: .seconds(10))
        // The first settle of a queue asks who listens.
        try fixture.accept([Entry(99)], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([SettleBatch(Lease(lane), [Entry(99)], [Entry(99).done()])])
        _ = try subscriber.next(within: .seconds(10))
        return subscriber
    }

    private func resource(_ entry: Entry) -> String { #"{"id":"\#(entry.id)","status":"succeeded"}"# }

    @Test(arguments: [1, 4, 5, 300])
    func `a settle tells the resources where somebody listens`(count: Int) async throws {
        let fixture = try RedisFixture()
        let subscriber = try await listener(fixture)
        let entries = Entry.list(1...count)
        try fixture.accept(entries, into: lane)
        let items = entries.map { $0.done(result: resource($0), isFinal: true) }
        let outcomes = try await fixture.queue.settle([SettleBatch(Lease(lane), entries, items)])
        #expect(outcomes == [.settled(depth: 0, backlogs: [])])
        let text = (count > 4 ? "007" : "early 007") + entries.map { " " + resource($0) + "\n" }.joined()
        #expect(
            try subscriber.next(within: .seconds(10))
                == .message(channel: Array("tl:done".utf8), payload: Array(text.utf8)))
        #expect(try subscriber.next(within: .zero) == nil)
        #expect(try fixture.result(entries[count - 1].id, in: lane) == resource(entries[count - 1]))
    }

    @Test func `a settle tells ids where the resources are too much, or nobody listens`() async throws {
        let fixture = try RedisFixture()
        var subscriber: RedisSubscription? = try await listener(fixture)
        func settle(_ entry: Entry, _ result: String) async throws {
            try fixture.accept([entry], into: lane)
            let batch = SettleBatch(Lease(lane), [entry], [entry.done(result: result)])
            #expect(try await fixture.queue.settle([batch]) == [.settled(depth: 0, backlogs: [])])
        }
        try await settle(Entry(1), String(repeating: "x", count: 1 << 20 + 1))
        #expect(
            try subscriber?.next(within: .seconds(10))
                == .message(channel: Array("tl:done".utf8), payload: Array("007 \(Entry(1).id)".utf8)))
        subscriber = nil
        while try fixture.texts("PUBSUB", "NUMSUB", "tl:done") != ["tl:done", "0"] {}
        for number in 2...3 { try await settle(Entry(number), resource(Entry(number))) }
        #expect(try fixture.result(Entry(3).id, in: lane) == resource(Entry(3)))
    }

    @Test func `a result that nothing can change is written whoever holds the lane`() async throws {
        let fixture = try RedisFixture()
        let entries = [Entry(1), Entry(2)]
        try fixture.accept(entries, into: lane)
        let items = [entries[0].done(result: "final", isFinal: true), entries[1].done(.dead, result: "dead")]
        #expect(try await fixture.queue.settle([SettleBatch(Lease(lane), entries, items)]) == [.notOwner])
        #expect(try fixture.result(entries[0].id, in: lane) == "final")
        #expect(try fixture.result(entries[1].id, in: lane) == nil)
        let window = entries[0].id.milliseconds >> 12
        #expect((890...900).contains(try fixture.number("TTL", "tl:{007}:result:\(window)")))
        #expect(try fixture.texts("LRANGE", "tl:{007}:queue", 0, -1) == entries.map(text))
    }

    @Test func `a settle whose script was lost reads nothing ahead of it`() async throws {
        let fixture = try RedisFixture()
        let (entries, wants) = (Entry.list(1...3), [PrefixRequest(lane, count: 9)])
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        for (entry, isLost) in zip(entries, [false, true, false]) {
            if isLost { _ = try fixture.text("SCRIPT", "FLUSH", "SYNC") }
            let batch = SettleBatch(Lease(lane), [entry], [entry.done()])
            let settled = try await fixture.queue.settle([batch], thenPeek: wants)
            #expect(settled.outcomes.count == 1 && settled.outcomes != [.prefixChanged])
            // The look came before the trim: what it saw would be applied once more.
            #expect(settled.ahead.isEmpty == isLost)
        }
    }

    @Test func `an entry is told from another of the same request by its length`() async throws {
        let fixture = try RedisFixture()
        let entry = Entry(1)
        _ = try fixture.text("RPUSH", "tl:{007}:queue", .bytes(entry.bytes + [0x20]))
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        #expect(
            try await fixture.queue.settle([SettleBatch(Lease(lane), [entry], [entry.done()])])
                == [.prefixChanged])
    }

    @Test func `settle.lua changes nothing where it refuses`() async throws {
        let fixture = try RedisFixture()
        try await parked(fixture)
        let before = try fixture.keys()
        let outcomes = try await fixture.queue.settle([
            SettleBatch(Lease(lane, Lease.otherToken), [u2[1]], [u2[1].done()]),
            SettleBatch(Lease(lane), [u2[0]], [u2[0].done(result: "again")]),
            SettleBatch(Lease(lane), [u2[1], Entry(9)], [u2[1].done(), Entry(9).done()]),
        ])
        #expect(outcomes == [.notOwner, .prefixChanged, .prefixChanged])
        #expect(try fixture.keys() == before)
        #expect(try fixture.result(u2[0].id, in: lane) == "{}")
    }

    @Test func `settle.lua refuses to park behind a user who is not`() async throws {
        let fixture = try RedisFixture()
        try fixture.accept([u1[0]], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        await #expect(throws: QueueError.self) {
            try await fixture.queue.settle([SettleBatch(Lease(lane), [u1[0]], [u1[0].parked(result: "x")])])
        }
        #expect(try fixture.texts("LRANGE", "tl:{007}:queue", 0, -1) == [text(u1[0])])
        #expect(try fixture.result(u1[0].id, in: lane) == nil)
    }

    @Test func `settle_parked.lua notes the next try of a head that stays`() async throws {
        let fixture = try RedisFixture()
        try await parked(fixture)
        _ = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane), [u1[0]], done: [], next: Park("u1", due: 8000, attempts: "[1,2]"),
                retrying: u1[0].parked(result: "again"))
        ])
        #expect(try fixture.texts("LRANGE", "tl:{007}:parked:u1", 0, -1) == u1.map(text))
        #expect(try fixture.texts("ZRANGE", "tl:{007}:due", 0, -1, "WITHSCORES") == ["u1", "8000"])
        #expect(try fixture.texts("HGETALL", "tl:{007}:attempts") == ["u1", "[1,2]"])
        #expect(try fixture.result(u1[0].id, in: lane) == "again")
        #expect(try fixture.text("EXISTS", "tl:{007}:crashes") == "0")
    }

    @Test func `settle_parked.lua forgets the attempts of a head that went`() async throws {
        let fixture = try RedisFixture()
        try await parked(fixture)
        _ = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane), u1, done: [u1[0].done()], next: Park("u1", due: 6000, attempts: ""))
        ])
        #expect(try fixture.texts("LRANGE", "tl:{007}:parked:u1", 0, -1) == [text(u1[1])])
        #expect(try fixture.texts("ZRANGE", "tl:{007}:due", 0, -1, "WITHSCORES") == ["u1", "6000"])
        #expect(try fixture.text("EXISTS", "tl:{007}:attempts") == "0")
    }

    @Test func `settle_parked.lua leaves nothing of a user with nothing left`() async throws {
        let fixture = try RedisFixture()
        try await parked(fixture)
        _ = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane), u1, done: u1.map { $0.done(.dead, result: nil) }, next: Park("u1", due: 6000))
        ])
        #expect(
            try fixture.texts("HGETALL", "tl:{007}:count") == [
                "accepted", "4", "succeeded", "1", "dead", "2",
            ])
        let gone = ["tl:{007}:parked:u1", "tl:{007}:due", "tl:{007}:attempts"]
        #expect(try fixture.keys().filter { gone.contains($0) } == [])
    }

    @Test func `settle_parked.lua changes nothing where it refuses`() async throws {
        let fixture = try RedisFixture()
        try await parked(fixture)
        let next = Park("u1", due: 6000, attempts: "")
        let outcomes = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane, Lease.otherToken), [u1[0]], done: [u1[0].done(result: "x")], next: next),
            ParkedSettleBatch(Lease(lane), [u1[1]], done: [u1[1].done(result: "x")], next: next),
        ])
        #expect(outcomes == [.notOwner, .prefixChanged])
        #expect(try fixture.texts("LRANGE", "tl:{007}:parked:u1", 0, -1) == u1.map(text))
        #expect(try fixture.texts("ZRANGE", "tl:{007}:due", 0, -1, "WITHSCORES") == ["u1", "5000"])
        #expect(try fixture.result(u1[0].id, in: lane) == "retrying")
        #expect(try fixture.result(u1[1].id, in: lane) == nil)
    }

    private func text(_ entry: Entry) -> String { String(decoding: entry.bytes, as: UTF8.self) }
}
