import Shared
import Support
import Testing

/// Changing the number of lanes in Redis.
@Suite(.serialized, .privateRedis) struct `A change of the number of lanes` {
    private let users = (0..<40).compactMap { UserID("user\($0)") }

    @Test func `is refused while lanes hold anything or are held`() async throws {
        let fixture = try RedisFixture()
        try fixture.accept([Entry(1)], into: Lane(3))
        _ = try await fixture.queue.acquire([Lane(4)], as: Lease.token, for: .seconds(10))
        _ = try fixture.text("ZADD", .bytes(LaneKeys(Lane(5)).due), "1", "u1")
        #expect(
            try Relane(fixture.redis).obstacles(lanes: 16) == [
                .queued(Lane(3), entries: 1), .owned(Lane(4), by: Lease.token), .parked(Lane(5), users: 1),
            ])
    }

    @Test(arguments: [4, 64]) func `takes idempotency keys to their users' new lanes`(lanes: Int) throws {
        let fixture = try RedisFixture()
        for user in users {
            let keys = LaneKeys(Lane(of: user, lanes: 16))
            _ = try fixture.text("SET", .bytes(keys.idempotency(user, key: [65])), "value", "EX", "5000")
            let results = keys.results(of: ResultWindow(of: Entry(1).id))
            _ = try fixture.text("HSET", .bytes(results), "id", "result")
            _ = try fixture.text("SET", .bytes(keys.crashes), "2")
        }
        let relane = Relane(fixture.redis)
        for _ in 1...2 {
            try relane.move(to: lanes)
            for user in users {
                let key = LaneKeys(Lane(of: user, lanes: lanes)).idempotency(user, key: [65])
                #expect(try fixture.text("GET", .bytes(key)) == "value")
                #expect(try fixture.number("TTL", .bytes(key)) > 4900)
            }
            #expect(try fixture.keys().count == users.count + 1)
            #expect(try fixture.text("HGET", "tl:meta", "lanes") == "\(lanes)")
        }
        #expect(try LaneAudit(fixture.redis, lanes: lanes).run() == [])
    }
}
