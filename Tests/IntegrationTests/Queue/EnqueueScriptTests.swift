import Shared
import Support
import Testing

private let lane = Lane(7)
private let keys = LaneKeys(lane)

/// Accepting: the plain push, and enqueue.lua with Idempotency-Keys.
@Suite(.serialized, .privateRedis) struct `An enqueue` {
    private let day: Duration = .seconds(86400)

    private func line(_ number: Int, key: String?, _ fingerprint: String = "f") -> EnqueueLine {
        EnqueueLine(
            id: Entry(number).id, entry: Entry(number).bytes,
            key: key.map { EnqueueLine.Key(name: Array($0.utf8), fingerprint: Array(fingerprint.utf8)) })
    }

    private func run(_ command: EnqueueCommand, _ fixture: RedisFixture) throws -> EnqueueOutcome {
        try fixture.redis.load([LaneScript.enqueue])
        for command in command.commands { fixture.redis.append(command) }
        try fixture.redis.flush()
        for _ in 1..<command.commands.count { _ = try fixture.redis.readReply() }
        return try command.outcome(of: fixture.redis.readReply())
    }

    private func once(
        _ fixture: RedisFixture, _ lines: [EnqueueLine], user: String = "u1", lenient: Bool = false
    ) throws -> EnqueueOutcome {
        let user = try #require(UserID(user))
        return try run(.once(lines, of: user, keys: keys, lifetime: day, lenient: lenient), fixture)
    }

    @Test func `pushes entries in order, counts them`() throws {
        let fixture = try RedisFixture()
        let entries = Entry.list(1...3)
        let first = try run(.push(entries.prefix(2).map { $0.bytes }, keys: keys), fixture)
        #expect(first == EnqueueOutcome(pushed: 2, depth: 2, lines: []))
        let second = try run(.push([entries[2].bytes], keys: keys), fixture)
        #expect(second == EnqueueOutcome(pushed: 1, depth: 3, lines: []))
        #expect(try fixture.texts("HGETALL", "tl:{007}:count") == ["accepted", "3"])
        #expect(
            try fixture.texts("LRANGE", "tl:{007}:queue", 0, -1)
                == entries.map { String(decoding: $0.bytes, as: UTF8.self) })
    }

    @Test func `enqueue.lua stores a new key for a day or more and pushes`() throws {
        let fixture = try RedisFixture()
        #expect(
            try once(fixture, [line(1, key: "k:1")]) == EnqueueOutcome(pushed: 1, depth: 1, lines: [.new]))
        #expect(try fixture.text("GET", "tl:{007}:key:2:u1:k:1") == "\(Entry(1).id)f")
        #expect(try fixture.number("TTL", "tl:{007}:key:2:u1:k:1") > 86_000)
        #expect(try fixture.count(lane) == LaneCount(accepted: 1))
    }

    @Test func `enqueue.lua answers a repeated request with the first one's id`() throws {
        let fixture = try RedisFixture()
        _ = try once(fixture, [line(1, key: "k")])
        let again = try once(fixture, [line(2, key: "k")])
        #expect(again == EnqueueOutcome(pushed: 0, depth: 0, lines: [.replayed(Entry(1).id)]))
        #expect(try fixture.text("LLEN", "tl:{007}:queue") == "1")
    }

    @Test func `enqueue.lua pushes nothing for a key that stands for another request`() throws {
        let fixture = try RedisFixture()
        _ = try once(fixture, [line(1, key: "k")])
        let reused = try once(fixture, [line(2, key: nil), line(3, key: "k", "other"), line(4, key: "new")])
        #expect(reused == EnqueueOutcome(pushed: 0, depth: 0, lines: [.new, .reused(Entry(1).id), .new]))
        #expect(try fixture.text("LLEN", "tl:{007}:queue") == "1")
        #expect(try fixture.text("EXISTS", "tl:{007}:key:2:u1:new") == "0")
    }

    @Test func `enqueue.lua refuses only the line of a reused key where that is wanted`() throws {
        let fixture = try RedisFixture()
        _ = try once(fixture, [line(1, key: "k")])
        let mixed = try once(
            fixture, [line(2, key: nil), line(3, key: "k", "other"), line(4, key: "new"), line(5, key: "k")],
            lenient: true)
        #expect(
            mixed
                == EnqueueOutcome(
                    pushed: 2, depth: 3,
                    lines: [.new, .reused(Entry(1).id), .new, .replayed(Entry(1).id)]))
        #expect(
            try fixture.texts("LRANGE", "tl:{007}:queue", 1, -1)
                == [2, 4].map { String(decoding: Entry($0).bytes, as: UTF8.self) })
        #expect(try fixture.count(lane) == LaneCount(accepted: 3))
    }

    @Test func `enqueue.lua sees a key that comes twice in one request`() throws {
        let fixture = try RedisFixture()
        #expect(
            try once(fixture, [line(1, key: "k"), line(2, key: "k")])
                == EnqueueOutcome(pushed: 1, depth: 1, lines: [.new, .replayed(Entry(1).id)]))
        #expect(
            try once(fixture, [line(3, key: "q"), line(4, key: "q", "other")])
                == EnqueueOutcome(pushed: 0, depth: 0, lines: [.new, .reused(Entry(3).id)]))
    }

    @Test func `a key belongs to its user`() throws {
        let fixture = try RedisFixture()
        _ = try once(fixture, [line(1, key: "b:c")], user: "a")
        #expect(try once(fixture, [line(2, key: "c")], user: "a:b").pushed == 1)
        #expect(
            try fixture.keys().filter { $0.contains(":key:") } == [
                "tl:{007}:key:1:a:b:c", "tl:{007}:key:3:a:b:c",
            ])
    }

    @Test func `takes a thousand lines with keys`() throws {
        let fixture = try RedisFixture()
        let outcome = try once(fixture, (1...1000).map { line($0, key: "k\($0)") })
        #expect(outcome.pushed == 1000)
        #expect(outcome.lines.allSatisfy { $0 == .new })
    }
}
