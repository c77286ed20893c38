import Glibc
import Shared
import Support
import Testing

private let lane = Lane(7)

/// The lanes as metrics.
@Suite(.serialized, .privateRedis) struct `The metrics of the lanes` {
    private func parked() async throws -> RedisFixture {
        let fixture = try RedisFixture()
        let entries = Entry.list(1...2, "u1") + Entry.list(3...4, "u2")
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([
            SettleBatch(
                Lease(lane), Array(entries.prefix(3)),
                [entries[0].parked(), entries[1].parked(), entries[2].done(.failed)],
                parks: [Park("u1", due: 5)])
        ])
        return fixture
    }

    @Test func `are read for all lanes, each at one instant`() async throws {
        let fixture = try await parked()
        let standings = try LaneSurvey.read(fixture.redis, keys: LaneKeys.table(lanes: 256))
        #expect(standings.count == 256)
        let standing = standings[7]
        #expect(standing.lane == lane)
        #expect(standing.depth == 1)
        #expect(standing.oldest == Entry(4, "u2").bytes)
        #expect(standing.parkedUsers == 1)
        #expect(standing.parkedDepth == 2)
        #expect(standing.count == LaneCount(accepted: 4, failed: 1))
        #expect(standings.allSatisfy { $0.isWhole && $0.leftOver == 0 })
        try fixture.losePushes(1, of: lane)
        #expect(try LaneSurvey.read(fixture.redis, keys: LaneKeys.table(lanes: 8))[7].leftOver == 1)
    }

    @Test func `tell the conservation law to whoever asks`() async throws {
        let fixture = try await parked()
        let registry = MetricRegistry()
        LaneMetrics(url: try RedisFixture.url, lanes: 256).register(with: registry)
        let text = String(decoding: registry.render(), as: UTF8.self)
        let expected = [
            #"tasklane_lane_depth{lane="007"} 1"#, "tasklane_parked_users 1", "tasklane_unaccounted 0",
            #"tasklane_mutations{state="accepted"} 4"#, #"tasklane_mutations{state="failed"} 1"#,
            #"tasklane_mutations{state="parked"} 2"#, #"tasklane_mutations{state="queued"} 1"#,
        ]
        for line in expected { #expect(text.contains(line + "\n"), "\(line) in \(text)") }
        withExtendedLifetime(fixture) {}
    }

    @Test func `are there at the first scrape after a restart of Redis`() throws {
        let registry = MetricRegistry()
        LaneMetrics(url: try RedisFixture.url, lanes: 8).register(with: registry)
        func isTold() -> Bool {
            String(decoding: registry.render(), as: UTF8.self).contains("tasklane_queue_oldest_seconds ")
        }
        #expect(isTold())
        let read = ContinuousClock.now
        try PrivateRedis.current.restart()
        // What was read before must not be what is told.
        while ContinuousClock.now - read < .milliseconds(1100) { usleep(10_000) }
        #expect(isTold())
    }

    @Test func `say nothing while Redis is away`() {
        let registry = MetricRegistry()
        let nowhere = RedisURL(address: .unix(path: "/nowhere/redis.sock"))
        LaneMetrics(url: nowhere, lanes: 256).register(with: registry)
        #expect(!String(decoding: registry.render(), as: UTF8.self).contains("tasklane_lane"))
    }
}
