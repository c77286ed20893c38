import Shared
import Support
import Testing

private let lane = Lane(7)
private let tenSeconds: Duration = .seconds(10)

/// What every `Queue` does, Redis or memory (the suite's Redis is flushed by each fixture).
@Suite(.serialized, .privateRedis) struct `A queue` {
    @Test(arguments: QueueKind.allCases)
    func `gives a lane's entries out in the order they came and keeps them`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = Entry.list(1...5)
        try fixture.accept(entries, into: lane)

        for _ in 1...2 {
            let prefix = try await fixture.queue.peek([
                PrefixRequest(lane, count: 3), PrefixRequest(Lane(8), count: 3),
                PrefixRequest(lane, count: 0),
            ])
            #expect(prefix.map { $0.entries.all } == [entries.prefix(3).map { $0.bytes }, [], []])
            #expect(prefix.map { $0.isPaused } == [false, false, false])
        }
        try fixture.pause(lane)
        #expect(try await fixture.queue.peek([PrefixRequest(lane, count: 1)])[0].isPaused)
    }

    @Test(arguments: QueueKind.allCases)
    func `gives a lane to one owner at a time`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let queue = fixture.queue
        #expect(
            try await queue.acquire([lane, Lane(8)], as: Lease.token, for: tenSeconds)
                == [.acquired(clean: true, crashes: 0), .acquired(clean: true, crashes: 0)])
        #expect(
            try await fixture.other.acquire([lane], as: Lease.otherToken, for: tenSeconds) == [
                .held(by: Lease.token)
            ])
        #expect(
            try await queue.renew([Lease(lane), Lease(lane, Lease.otherToken)], for: tenSeconds) == [
                true, false,
            ])

        try await queue.release([Lease(lane)])
        #expect(
            try await fixture.other.acquire([lane], as: Lease.otherToken, for: tenSeconds) == [
                .acquired(clean: true, crashes: 0)
            ])
        #expect(try await queue.renew([Lease(lane)], for: tenSeconds) == [false])
    }

    @Test(arguments: QueueKind.allCases)
    func `counts each takeover of a lane with work that was not released, once`(kind: QueueKind) async throws
    {
        let fixture = try kind.make()
        let queue = fixture.queue
        try fixture.accept([Entry(1)], into: lane)
        _ = try await queue.acquire([lane], as: Lease.token, for: tenSeconds)
        for crashes in 1...3 {
            try fixture.expireLease(of: lane)
            let token = LeaseToken(worker: WorkerID("w"), nonce: UInt64(crashes))
            #expect(
                try await queue.acquire([lane], as: token, for: tenSeconds) == [
                    .acquired(clean: false, crashes: crashes)
                ])
            #expect(
                try await queue.acquire([lane], as: Lease.otherToken, for: tenSeconds) == [.held(by: token)])
        }
        try await queue.release([Lease(lane, LeaseToken(worker: WorkerID("w"), nonce: 3))])
        #expect(
            try await queue.acquire([lane], as: Lease.token, for: tenSeconds) == [
                .acquired(clean: true, crashes: 3)
            ])
    }

    @Test(arguments: QueueKind.allCases)
    func `blames nobody for the takeover of an empty lane`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        try fixture.expireLease(of: lane)
        #expect(
            try await fixture.queue.acquire([lane], as: Lease.otherToken, for: tenSeconds) == [
                .acquired(clean: false, crashes: 0)
            ])
    }

    @Test(arguments: QueueKind.allCases)
    func `takes a late release for one while nobody has taken over`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        try fixture.accept([Entry(1)], into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        try fixture.expireLease(of: lane)
        try await fixture.queue.release([Lease(lane)])
        #expect(
            try await fixture.queue.acquire([lane], as: Lease.otherToken, for: tenSeconds) == [
                .acquired(clean: true, crashes: 0)
            ])
        try await fixture.queue.release([Lease(lane)])
        #expect(try await fixture.queue.renew([Lease(lane, Lease.otherToken)], for: tenSeconds) == [true])
    }

    @Test(arguments: QueueKind.allCases)
    func `settles a prefix: trims, counts, writes results`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = Entry.list(1...4)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)

        let outcome = try await fixture.queue.settle([
            SettleBatch(
                Lease(lane), Array(entries.prefix(3)),
                [
                    entries[0].done(result: "one"), entries[1].done(.failed),
                    entries[2].done(.dead, result: nil),
                ])
        ])
        #expect(outcome == [.settled(depth: 1, backlogs: [])])
        #expect(try fixture.result(entries[0].id, in: lane) == "one")
        #expect(try fixture.result(entries[2].id, in: lane) == nil)
        #expect(try fixture.count(lane) == LaneCount(accepted: 4, succeeded: 1, failed: 1, dead: 1))
        #expect(try fixture.count(lane).leftOver(queued: 1) == 0)
        let left = try await fixture.queue.peek([PrefixRequest(lane, count: 9)])
        #expect(left[0].entries.all == [entries[3].bytes])
    }

    @Test(arguments: QueueKind.allCases)
    func `reads what comes next behind a settle`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let (queue, entries) = (fixture.queue, Entry.list(1...4))
        try fixture.accept(entries, into: lane)
        try fixture.accept([Entry(5)], into: Lane(8))
        _ = try await queue.acquire([lane], as: Lease.token, for: tenSeconds)
        let wants = [PrefixRequest(lane, count: 2), PrefixRequest(Lane(8), count: 2)]

        let first = SettleBatch(
            Lease(lane), [entries[0]], [entries[0].parked()], parks: [Park("u1", due: 5)])
        let settled = try await queue.settle([first], thenPeek: wants)
        #expect(settled.outcomes == [.settled(depth: 3, backlogs: [])])
        #expect(
            settled.ahead.map { $0.entries.all } == [entries[1...2].map { $0.bytes }, [Entry(5).bytes]])
        #expect(settled.ahead.map { $0.parkedUsers } == [1, 0])
        #expect(settled.ahead.map { $0.mayHaveMore } == [true, false])

        try fixture.pause(lane)
        let refused = try await queue.settle([first], thenPeek: wants)
        #expect(refused.outcomes == [.prefixChanged])
        #expect(refused.ahead == (try await queue.peek(wants)))
        #expect(refused.ahead.map { $0.isPaused } == [true, false])
    }

    @Test(arguments: QueueKind.allCases)
    func `refuses to settle without the lease`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = [Entry(1)]
        try fixture.accept(entries, into: lane)
        let batch = SettleBatch(Lease(lane), entries, [entries[0].done()])
        #expect(try await fixture.queue.settle([batch]) == [.notOwner])

        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        try fixture.expireLease(of: lane)
        #expect(try await fixture.queue.settle([batch]) == [.notOwner])
        _ = try await fixture.other.acquire([lane], as: Lease.otherToken, for: tenSeconds)
        #expect(try await fixture.queue.settle([batch]) == [.notOwner])
        #expect(try fixture.count(lane) == LaneCount(accepted: 1))
        #expect(try fixture.result(entries[0].id, in: lane) == nil)
    }

    @Test(arguments: QueueKind.allCases)
    func `refuses to settle a prefix that is not what was peeked`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = Entry.list(1...3)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        let batch = SettleBatch(Lease(lane), entries, entries.map { $0.done() })

        try fixture.losePushes(1, of: lane)
        #expect(try await fixture.queue.settle([batch]) == [.prefixChanged])
        try fixture.accept([Entry(4)], into: lane)
        #expect(try await fixture.queue.settle([batch]) == [.prefixChanged])

        let others = [Entry(9), entries[1]]
        let wrongFirst = SettleBatch(Lease(lane), others, others.map { $0.done() })
        #expect(try await fixture.queue.settle([wrongFirst]) == [.prefixChanged])
    }

    @Test(arguments: QueueKind.allCases)
    func `settles a batch once, however often it comes`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = Entry.list(1...2)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        let batch = SettleBatch(Lease(lane), [entries[0]], [entries[0].done()])
        #expect(
            try await fixture.queue.settle([batch, batch]) == [
                .settled(depth: 1, backlogs: []), .prefixChanged,
            ])
        #expect(try fixture.count(lane).succeeded == 1)
    }

    @Test(arguments: QueueKind.allCases)
    func `keeps the crash count that a settle asks for`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let entries = Entry.list(1...3)
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds)
        for (place, kept) in [5, 0].enumerated() {
            let entry = entries[place]
            _ = try await fixture.queue.settle([
                SettleBatch(Lease(lane), [entry], [entry.done()], crashesAfter: kept)
            ])
            try await fixture.queue.release([Lease(lane)])
            #expect(
                try await fixture.queue.acquire([lane], as: Lease.token, for: tenSeconds) == [
                    .acquired(clean: true, crashes: kept)
                ])
        }
    }

    @Test(arguments: QueueKind.allCases)
    func `counts lone tries until they settle or are withdrawn`(kind: QueueKind) async throws {
        let fixture = try kind.make()
        let queue = fixture.queue
        let entry = Entry(1)
        try fixture.accept([entry], into: lane)
        #expect(try await queue.beginAlone(entry.id, in: Lease(lane)) == nil)
        _ = try await queue.acquire([lane], as: Lease.token, for: tenSeconds)
        #expect(try await queue.beginAlone(entry.id, in: Lease(lane)) == 1)
        #expect(try await queue.beginAlone(entry.id, in: Lease(lane)) == 2)
        try await queue.withdrawAlone(entry.id, in: Lease(lane))
        #expect(try await queue.beginAlone(entry.id, in: Lease(lane)) == 2)
        _ = try await queue.settle([SettleBatch(Lease(lane), [entry], [entry.done(.dead)])])
        #expect(try await queue.beginAlone(entry.id, in: Lease(lane)) == 1)
        try await queue.withdrawAlone(entry.id, in: Lease(lane))
        #expect(try await queue.beginAlone(entry.id, in: Lease(lane)) == 1)
    }
}
