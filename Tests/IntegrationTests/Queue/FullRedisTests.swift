import Shared
import Support
import Testing

private let lane = Lane(7)

/// A Redis without memory left takes nothing in and still drains (DESIGN.md §2).
@Suite(.serialized, .privateRedis) struct `A full Redis` {
    private func full() async throws -> (RedisFixture, [Entry]) {
        let fixture = try RedisFixture()
        _ = try fixture.text("CONFIG", "SET", "maxmemory", "0")
        let entries = Entry.list(1...3, "u1") + Entry.list(4...6, "u2")
        try fixture.accept(entries, into: lane)
        _ = try fixture.text("CONFIG", "SET", "maxmemory", "100kb")
        return (fixture, entries)
    }

    @Test func `refuses what would add to it`() async throws {
        let (fixture, entries) = try await full()
        await #expect(throws: QueueError.full) {
            try await fixture.queue.push(entries[0].bytes, id: entries[0].id, to: lane)
        }
        let keys = LaneKeys(lane)
        let line = EnqueueLine(
            id: entries[0].id, entry: entries[0].bytes, key: EnqueueLine.Key(name: [65], fingerprint: [66]))
        let once = EnqueueCommand.once([line], of: entries[0].user, keys: keys, lifetime: .seconds(86400))
        try fixture.redis.load([LaneScript.enqueue])
        let refused = #expect(throws: RedisError.self) { try fixture.redis.command(once.commands[0]) }
        #expect(refused?.mayHaveRun == false)

        let push = EnqueueCommand.push([entries[0].bytes], keys: keys)
        for command in push.commands { fixture.redis.append(command) }
        try fixture.redis.flush()
        _ = try fixture.redis.readReply()
        for _ in 1...4 { #expect(throws: RedisError.self) { try fixture.redis.readReply() } }
        #expect(try fixture.text("LLEN", "tl:{007}:queue") == "6")
        #expect(try fixture.count(lane) == LaneCount(accepted: 6))
    }

    @Test func `drains, parks, renews and beats, and leaves results out`() async throws {
        let (fixture, entries) = try await full()
        let queue = fixture.queue
        #expect(
            try await queue.acquire([lane], as: Lease.token, for: .seconds(10)) == [
                .acquired(clean: true, crashes: 0)
            ])
        #expect(try await queue.renew([Lease(lane)], for: .seconds(10)) == [true])
        #expect(try await queue.heartbeat(WorkerID("w"), info: [], forgetAfter: .seconds(60)).count == 1)
        #expect(try await queue.beginAlone(entries[0].id, in: Lease(lane)) == 1)
        let items =
            entries.prefix(3).map { $0.parked(result: "retrying") } + entries.suffix(3).map { $0.done() }
        #expect(
            try await queue.settle([
                SettleBatch(Lease(lane), entries, items, parks: [Park("u1", due: 5)], crashesAfter: 1)
            ]) == [.settled(depth: 0, backlogs: [])])
        #expect(try fixture.text("LLEN", "tl:{007}:parked:u1") == "3")
        #expect(
            try await queue.settleParked([
                ParkedSettleBatch(
                    Lease(lane), [entries[0]], done: [], next: Park("u1", due: 9, attempts: "[1,2]"),
                    retrying: entries[0].parked(result: "retrying"))
            ]) == [.settled(depth: 3, backlogs: [])])
        #expect(try fixture.texts("ZRANGE", "tl:{007}:due", 0, -1, "WITHSCORES") == ["u1", "9"])
        #expect(
            try await queue.settleParked([
                ParkedSettleBatch(
                    Lease(lane), Array(entries.prefix(3)), done: entries.prefix(3).map { $0.done(.dead) },
                    next: Park("u1", due: 9))
            ]) == [.settled(depth: 0, backlogs: [])])
        #expect(try fixture.keys().filter { $0.contains(":result:") } == [])
        #expect(try fixture.count(lane) == LaneCount(accepted: 6, succeeded: 3, dead: 3))
        try await queue.release([Lease(lane)])
    }
}
