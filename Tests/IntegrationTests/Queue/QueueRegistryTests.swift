import Shared
import Support
import Testing

private let lane = Lane(7)

/// Redrive, registry, bells and settings, on Redis and in memory.
@Suite(.serialized, .privateRedis) struct `A queue between workers` {
    @Test(arguments: QueueKind.allCases)
    func `pushes a redriven entry behind the others and forgets its result`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = Entry.list(1...2)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        _ = try await fixture.queue.settle([
            SettleBatch(Lease(lane), [entries[0]], [entries[0].done(.dead, result: "dead")])
        ])
        try await fixture.queue.push(entries[0].bytes, id: entries[0].id, to: lane)
        #expect(try fixture.result(entries[0].id, in: lane) == nil)
        #expect(
            try await fixture.queue.peek([PrefixRequest(lane, count: 9)])[0].entries.all == [
                entries[1].bytes, entries[0].bytes,
            ])
        #expect(try fixture.count(lane).leftOver(queued: 2) == 0)
    }

    @Test(arguments: QueueKind.allCases)
    func `knows the workers that live`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let (first, second) = (WorkerID("host:1"), WorkerID("host:2"))
        _ = try await fixture.queue.heartbeat(
            first, info: Array(#"{"pid":1}"#.utf8), forgetAfter: .seconds(60))
        let both = try await fixture.other.heartbeat(second, info: [], forgetAfter: .seconds(60))
        #expect(Set(both.map { $0.worker }) == [first, second])
        #expect(both.first { $0.worker == first }?.info == Array(#"{"pid":1}"#.utf8))
        #expect(both.allSatisfy { $0.age < .seconds(5) })
        try await fixture.queue.leave(first)
        let one = try await fixture.other.heartbeat(second, info: [], forgetAfter: .seconds(60))
        #expect(one.map { $0.worker } == [second])
    }

    @Test(arguments: QueueKind.allCases)
    func `hears the bell of a lane that becomes non-empty`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let queue = fixture.queue
        var rung: Set<Lane> = []
        for _ in 1...20 where rung.count < 2 {
            rung.formUnion(try await queue.awaitBell([lane, Lane(8)], limit: .seconds(1)))
        }
        #expect(kind == .memory || rung == [lane, Lane(8)])
        try fixture.accept([Entry(1)], into: lane)
        #expect(try await queue.awaitBell([lane, Lane(8)], limit: .seconds(10)) == [lane])
        queue.waker.wake()
        #expect(try await queue.awaitBell([lane, Lane(8)], limit: .seconds(10)) == [])
    }

    @Test(arguments: QueueKind.allCases)
    func `restores settings that are missing and no other`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        #expect(try await fixture.queue.settings() == [:])
        try await fixture.queue.restore(settings: ["lanes": Array("256".utf8)])
        try await fixture.queue.restore(settings: [
            "lanes": Array("8".utf8), "schema_version": Array("1".utf8),
        ])
        #expect(
            try await fixture.queue.settings() == [
                "lanes": Array("256".utf8), "schema_version": Array("1".utf8),
            ])
    }

    @Test(arguments: QueueKind.allCases)
    func `is empty and nobody's after a flush`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entry = Entry(1)
        try fixture.accept([entry], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        try fixture.flush()
        #expect(try await fixture.queue.renew([Lease(lane)], for: .seconds(10)) == [false])
        #expect(
            try await fixture.queue.settle([SettleBatch(Lease(lane), [entry], [entry.done()])]) == [.notOwner]
        )
        #expect(try await fixture.queue.settings() == [:])
        #expect(
            try await fixture.queue.acquire([lane], as: Lease.otherToken, for: .seconds(10)) == [
                .acquired(clean: true, crashes: 0)
            ])
    }
}
