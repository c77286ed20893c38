import Shared
import Support
import Testing

private let lane = Lane(7)

/// Parked users, on Redis and in memory.
@Suite(.serialized, .privateRedis) struct `A queue with parked users` {
    /// Two users' mutations interleaved, u1 parked at its first.
    private func parked(_ kind: QueueKind) async throws -> (any QueueFixture, [Entry]) {
        let fixture = try kind.make()
        let entries = [Entry(1, "u1"), Entry(2, "u2"), Entry(3, "u1"), Entry(4, "u2")]
        try fixture.accept(entries, into: lane)
        _ = try await fixture.queue.acquire([lane], as: Lease.token, for: .seconds(10))
        let outcome = try await fixture.queue.settle([
            SettleBatch(
                Lease(lane), entries,
                [
                    entries[0].parked(result: "retrying"), entries[1].done(), entries[2].parked(),
                    entries[3].done(),
                ],
                parks: [Park("u1", due: 5000, attempts: "[1]")])
        ])
        #expect(outcome == [.settled(depth: 0, backlogs: [])])
        return (fixture, entries)
    }

    @Test(arguments: QueueKind.allCases)
    func `moves a parked user's entries aside in order and lets the lane flow`(kind: QueueKind) async throws {
        let (fixture, entries) = try await parked(kind)
        #expect(try fixture.result(entries[0].id, in: lane) == "retrying")
        #expect(try fixture.count(lane).leftOver(queued: 2) == 0)
        #expect(try await fixture.queue.peek([PrefixRequest(lane, count: 5)])[0].parkedUsers == 1)
        #expect(
            try await fixture.queue.parked(among: [entries[0].user, entries[1].user], of: lane) == [
                entries[0].user
            ])

        let due = try await fixture.queue.due([lane], at: Timestamp(milliseconds: 4999), limit: 10)
        #expect(due == [])
        let user = ParkedUser(lane: lane, user: entries[0].user, due: Timestamp(milliseconds: 5000))
        #expect(try await fixture.queue.due([lane], at: user.due, limit: 10) == [user])
        let prefix = try await fixture.queue.peekParked([user], count: 10)
        #expect(prefix[0].entries.all == [entries[0].bytes, entries[2].bytes])
        #expect(prefix[0].attempts == Array("[1]".utf8))
    }

    @Test(arguments: QueueKind.allCases)
    func `puts later entries of a parked user behind its parked ones`(kind: QueueKind) async throws {
        let (fixture, entries) = try await parked(kind)
        let later = Entry(5, "u1")
        try fixture.accept([later], into: lane)
        _ = try await fixture.queue.settle([SettleBatch(Lease(lane), [later], [later.parked()])])
        let user = try await fixture.queue.due([lane], at: Timestamp(milliseconds: 9999), limit: 1)
        let prefix = try await fixture.queue.peekParked(user, count: 10)
        #expect(prefix[0].entries.all == [entries[0], entries[2], later].map { $0.bytes })
        #expect(user[0].due == Timestamp(milliseconds: 5000))
    }

    @Test(arguments: QueueKind.allCases)
    func `notes another try of a head that stays`(kind: QueueKind) async throws {
        let (fixture, entries) = try await parked(kind)
        let outcome = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane), [entries[0]], done: [], next: Park("u1", due: 8000, attempts: "[1,2]"),
                retrying: entries[0].parked(result: "again"))
        ])
        #expect(outcome == [.settled(depth: 2, backlogs: [])])
        let due = try await fixture.queue.due([lane], at: Timestamp(milliseconds: 8000), limit: 1)
        #expect(due.map { $0.due.milliseconds } == [8000])
        let prefix = try await fixture.queue.peekParked(due, count: 1)
        #expect(prefix[0].attempts == Array("[1,2]".utf8))
        #expect(try fixture.result(entries[0].id, in: lane) == "again")
    }

    @Test(arguments: QueueKind.allCases)
    func `removes what came through and goes on with the next`(kind: QueueKind) async throws {
        let (fixture, entries) = try await parked(kind)
        let outcome = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane), [entries[0], entries[2]], done: [entries[0].done(result: "at last")],
                next: Park("u1", due: 6000, attempts: ""))
        ])
        #expect(outcome == [.settled(depth: 1, backlogs: [])])
        let due = try await fixture.queue.due([lane], at: Timestamp(milliseconds: 6000), limit: 1)
        let prefix = try await fixture.queue.peekParked(due, count: 5)
        #expect(prefix[0].entries.all == [entries[2].bytes])
        #expect(prefix[0].attempts == nil)
        #expect(try fixture.result(entries[0].id, in: lane) == "at last")
    }

    @Test(arguments: QueueKind.allCases)
    func `forgets a parked user with its last entry`(kind: QueueKind) async throws {
        let (fixture, entries) = try await parked(kind)
        let list = [entries[0], entries[2]]
        let batch = ParkedSettleBatch(
            Lease(lane), list, done: [list[0].done(), list[1].done(.dead)], next: Park("u1", due: 6000))
        #expect(
            try await fixture.queue.settleParked([batch, batch]) == [
                .settled(depth: 0, backlogs: []), .prefixChanged,
            ])
        #expect(try await fixture.queue.peek([PrefixRequest(lane, count: 5)])[0].parkedUsers == 0)
        #expect(try await fixture.queue.parked(among: [list[0].user], of: lane) == [])
        #expect(try fixture.count(lane) == LaneCount(accepted: 4, succeeded: 3, dead: 1))
    }

    @Test(arguments: QueueKind.allCases)
    func `refuses to settle a parked head without the lease or with another head`(kind: QueueKind)
        async throws
    {
        let (fixture, entries) = try await parked(kind)
        let next = Park("u1", due: 6000)
        #expect(
            try await fixture.queue.settleParked([
                ParkedSettleBatch(
                    Lease(lane, Lease.otherToken), [entries[0]], done: [entries[0].done()], next: next),
                ParkedSettleBatch(Lease(lane), [entries[2]], done: [entries[2].done()], next: next),
                ParkedSettleBatch(Lease(lane), [entries[0], Entry(9)], done: [], next: next),
            ]) == [.notOwner, .prefixChanged, .prefixChanged])
    }

    @Test(arguments: QueueKind.allCases)
    func `tells of a parked list that is longer than it may be`(kind: QueueKind) async throws {
        let (fixture, entries) = try await parked(kind)
        let flood = Entry.list(100...10_100)
        try fixture.accept(flood, into: lane)
        let outcome = try await fixture.queue.settle([
            SettleBatch(Lease(lane), flood, flood.map { $0.parked() })
        ])
        let depth = flood.count + 2
        #expect(outcome == [.settled(depth: 0, backlogs: [Backlog(user: entries[0].user, depth: depth)])])
        let after = try await fixture.queue.settleParked([
            ParkedSettleBatch(
                Lease(lane), [entries[0]], done: [entries[0].done(.dead)], next: Park("u1", due: 6000))
        ])
        #expect(
            after == [
                .settled(depth: depth - 1, backlogs: [Backlog(user: entries[0].user, depth: depth - 1)])
            ])
    }
}
