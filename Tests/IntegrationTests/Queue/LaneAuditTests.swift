import Shared
import Support
import Testing

private let lanes = 256

/// What fsck sees: nothing where all is well, and each oddity by its name.
@Suite(.serialized, .privateRedis) struct `An audit of the lanes` {
    private func mutation(_ user: String, _ number: Int = 1) throws -> (Entry, [UInt8], Lane) {
        let id = try #require(UserID(user))
        let entry = Entry(number, user)
        let bytes = Mutation(
            id: entry.id, user: id, task: entry.id, acceptedAt: Timestamp(micros: 1), change: .delete
        ).encode()
        return (entry, bytes, Lane(of: id, lanes: lanes))
    }

    private func push(_ bytes: [UInt8], _ lane: Lane, _ fixture: RedisFixture) throws {
        for command in EnqueueCommand.push([bytes], keys: LaneKeys(lane)).commands {
            _ = try fixture.redis.command(command)
        }
    }

    private func audit(_ fixture: RedisFixture) throws -> [Oddity] {
        try LaneAudit(fixture.redis, lanes: lanes).run()
    }

    @Test func `finds nothing odd in lanes at work`() async throws {
        let fixture = try RedisFixture()
        let (entry, bytes, lane) = try mutation("u1")
        try push(bytes, lane, fixture)
        try push(bytes, lane, fixture)
        let lease = Lease(lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([
            SettleBatch(
                lease: lease, first: bytes, last: bytes,
                items: [SettledItem(id: entry.id, fate: .park(entry.user), result: [65])],
                parks: [Park("u1", due: 5)])
        ])
        _ = try await fixture.queue.beginAlone(entry.id, in: lease)
        _ = try await fixture.queue.heartbeat(WorkerID("w"), info: [], forgetAfter: .seconds(60))
        try await fixture.queue.restore(settings: ["lanes": Array("256".utf8)])
        try fixture.pause(lane)
        #expect(try audit(fixture) == [])
    }

    @Test func `names what was lost and what appeared`() async throws {
        let fixture = try RedisFixture()
        let (_, bytes, lane) = try mutation("u1")
        try push(bytes, lane, fixture)
        try fixture.losePushes(1, of: lane)
        #expect(try audit(fixture) == [.leftOver(lane, 1)])
        _ = try fixture.redis.command("RPUSH", .bytes(LaneKeys(lane).queue), .bytes(bytes), .bytes(bytes))
        #expect(try audit(fixture) == [.leftOver(lane, -1)])
        try repair(fixture)
        #expect(try audit(fixture) == [])
    }

    @Test func `names parked users and retries that do not belong together, and repairs them`() async throws {
        let fixture = try RedisFixture()
        let (entry, bytes, lane) = try mutation("u1")
        let keys = LaneKeys(lane)
        _ = try fixture.redis.command("RPUSH", .bytes(keys.parked(entry.user)), .bytes(bytes))
        _ = try fixture.redis.command("HSET", .bytes(keys.count), "accepted", "1")
        _ = try fixture.redis.command("ZADD", .bytes(keys.due), "5", "nobody")
        _ = try fixture.redis.command("HSET", .bytes(keys.attempts), "gone", "[]")
        #expect(
            try audit(fixture) == [
                .parkedWithoutDue(lane, entry.user, entries: 1),
                .dueWithoutEntries(lane, user: Array("nobody".utf8)),
                .attemptsWithoutDue(lane, user: Array("gone".utf8)),
            ])
        try repair(fixture)
        #expect(try audit(fixture) == [])
        #expect(try fixture.redis.command("ZSCORE", .bytes(keys.due), "u1").text == "1000")
    }

    @Test func `names keys that should not be there`() async throws {
        let fixture = try RedisFixture()
        let (_, _, home) = try mutation("u1")
        let user = try #require(UserID("u1"))
        let strange = LaneKeys(Lane((home.index + 1) % lanes)).idempotency(user, key: [65])
        let window = ResultWindow(of: Entry(1).id)
        let endless = LaneKeys(home).results(of: window)
        _ = try fixture.text("SET", .bytes(strange), "x", "EX", "1000")
        _ = try fixture.text("SET", "tl:{7}:queue", "x")
        _ = try fixture.text("SET", "tl:{003}:queue", "x")
        _ = try fixture.text("DEL", "tl:{003}:queue")
        _ = try fixture.text("SADD", "tl:{003}:due", "x")
        _ = try fixture.text("DEL", "tl:{003}:due")
        _ = try fixture.text("SET", "tl:{900}:crashes", "1")
        _ = try fixture.text("SADD", "tl:{004}:holder", "1")
        _ = try fixture.text("HSET", .bytes(endless), "x", "y")
        let odd = try audit(fixture)
        #expect(odd.count == 5)
        #expect(odd.contains(.misplacedUser(strange)))
        #expect(odd.contains(.unknownKey(Array("tl:{7}:queue".utf8))))
        #expect(odd.contains(.foreignLane(Array("tl:{900}:crashes".utf8))))
        #expect(odd.contains(.wrongType(Array("tl:{004}:holder".utf8), found: "set", expected: "string")))
        #expect(odd.contains(.endless(endless)))
    }

    @Test func `names entries that no worker can use`() async throws {
        let fixture = try RedisFixture()
        let (entry, bytes, lane) = try mutation("u1")
        let other = Lane((lane.index + 1) % lanes)
        try push(Array("garbage".utf8), lane, fixture)
        try push(bytes, other, fixture)
        let odd = try audit(fixture)
        #expect(odd.count == 2)
        #expect(odd.contains(.undecodableEntry(lane, place: 0)))
        #expect(odd.contains(.misplacedEntry(other, place: 0, entry.user)))
    }

    private func repair(_ fixture: RedisFixture) throws {
        for oddity in try audit(fixture) {
            _ = try fixture.redis.pipeline(
                oddity.repair(now: Timestamp(milliseconds: 1000), resultLifetime: .seconds(900)))
        }
    }
}

@Suite struct `A lane's key` {
    @Test func `is read back as it was written`() throws {
        let user = try #require(UserID("a:b"))
        let window = ResultWindow(of: Entry(1).id)
        for lane in [Lane(0), Lane(7), Lane(1023)] {
            let keys = LaneKeys(lane)
            let pairs: [([UInt8], LaneKey.Kind)] = [
                (keys.queue, .queue), (keys.due, .due), (keys.attempts, .attempts), (keys.owner, .owner),
                (keys.holder, .holder), (keys.crashes, .crashes), (keys.alone, .alone), (keys.count, .count),
                (keys.paused, .paused), (keys.results(of: window), .results(window)),
                (keys.parked(user), .parked(user)),
                (keys.idempotency(user, key: Array("c:d".utf8)), .idempotency(user, key: Array("c:d".utf8))),
            ]
            for (bytes, kind) in pairs {
                let key = try #require(LaneKey(bytes))
                #expect(key.lane == lane)
                #expect(key.kind == kind)
            }
        }
    }

    @Test(arguments: [
        "", "tl:", "tl:{007}", "tl:{007}:", "tl:{7}:queue", "tl:{0007}:queue", "tl:{-07}:queue",
        "tl:{007}:other",
        "tl:{007}:result:x", "tl:{007}:result:", "tl:{007}:result:01", "tl:{007}:parked:",
        "tl:{007}:key:9:u1:k", "tl:{007}:key:2:u1", "tl:{}:queue",
        "tl:{99999999999}:queue",
    ])
    func `is nothing else`(text: String) { #expect(LaneKey(Array(text.utf8)) == nil) }
}
