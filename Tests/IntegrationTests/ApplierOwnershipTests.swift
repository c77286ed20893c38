import Shared
import Support
import Testing

@testable import Worker

/// The argument of docs/architecture.md, step by step: a stale owner before, during and after the new one.
@Suite struct `A stale owner` {
    private let build = MutationBuilder()

    private func ledger(_ bench: ApplierBench) async throws -> PostgresLedger {
        let ledger = PostgresLedger(bench.options)
        try await ledger.connect()
        return ledger
    }

    private func batch(_ mutations: Mutation...) -> Batch {
        let prefix = LanePrefix(lane: ApplierBench.lane, entries: EntryList(mutations.map { $0.encode() }))
        let lease = Lease(lane: ApplierBench.lane, token: LeaseToken(worker: WorkerID("x"), nonce: 2))
        return Batch([.lane(prefix, lease)], parkedBefore: [[]], reader: JSONReader())
    }

    private func fold(_ batch: inout Batch, _ ledger: PostgresLedger, _ bench: ApplierBench) async throws {
        let wants = batch.wants(.careful, oldBefore: Timestamp(micros: 0))
        batch.take(try await ledger.begin(wants), wants)
        batch.fold(0..<batch.entries.count)
    }

    private func verdicts(_ batch: Batch) -> [Verdict] {
        batch.entries.compactMap { entry in
            if case .done(let verdict, _, _) = entry.outcome { verdict } else { nil }
        }
    }

    @Test(.privatePostgres) func `who committed before leaves its verdicts to the new one`() async throws {
        let bench = try ApplierBench()
        let mutation = build.create()
        var (stale, fresh) = (batch(mutation), batch(mutation, build.rename("x")))
        let (first, second) = (try await ledger(bench), try await ledger(bench))
        try await fold(&stale, first, bench)
        try await first.commit(stale.changes(0..<1, now: bench.now)) {}
        try await fold(&fresh, second, bench)
        #expect(verdicts(fresh) == [.created(version: 1), .changed(version: 2)])
        try await second.commit(fresh.changes(0..<2, now: bench.now)) {}
        #expect(try PrivateDatabase.current.sql("SELECT count(*) FROM requests") == "2")
    }

    @Test(.privatePostgres) func `who is in the midst of it makes the new one wait, or give way`()
        async throws
    {
        let bench = try ApplierBench()
        let mutation = build.create()
        var (stale, fresh) = (batch(mutation), batch(mutation))
        let (first, second) = (try await ledger(bench), try await ledger(bench))
        try await fold(&stale, first, bench)
        let refusal = await failure { try await fold(&fresh, second, bench) }
        #expect(
            refusal
                == .outage(
                    DatabaseFault(sqlState: "55P03", message: "canceling statement due to lock timeout"),
                    sessionLost: false))
        try await first.commit(stale.changes(0..<1, now: bench.now)) {}
        try await fold(&fresh, second, bench)
        #expect(verdicts(fresh) == [.created(version: 1)])
        #expect(fresh.changes(0..<1, now: bench.now).isEmpty)
        await second.abandon()
    }

    @Test(.privatePostgres) func `who stands still in a transaction loses it`() async throws {
        let bench = try ApplierBench()
        let mutation = build.create()
        var (stale, fresh) = (batch(mutation), batch(mutation))
        let (first, second) = (try await ledger(bench), try await ledger(bench))
        try await fold(&stale, first, bench)
        let database = PrivateDatabase.current
        let isGone = eventually(seconds: 10) {
            (try? database.sql(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                    + "(SELECT oid FROM pg_database WHERE datname = current_database())")) == "0"
        }
        #expect(isGone)
        try await fold(&fresh, second, bench)
        try await second.commit(fresh.changes(0..<1, now: bench.now)) {}
        let refusal = await failure { try await first.commit(stale.changes(0..<1, now: bench.now)) {} }
        guard case .outage(_, sessionLost: true) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(try database.sql("SELECT count(*) FROM tasks") == "1")
    }

    @Test(.privatePostgres) func `who comes after finds everything known`() async throws {
        let bench = try ApplierBench()
        let (mutation, toggle) = (build.create(), build.build(.toggle))
        bench.push(mutation, toggle)
        await bench.apply()
        var stale = batch(mutation, toggle)
        let ledger = try await ledger(bench)
        try await fold(&stale, ledger, bench)
        #expect(verdicts(stale) == [.created(version: 1), .changed(version: 2)])
        #expect(stale.changes(0..<2, now: bench.now).isEmpty)
        await ledger.abandon()
    }

    @Test(.privatePostgres) func `who never saw the inbox is stopped by it`() async throws {
        let bench = try ApplierBench()
        let mutation = build.create()
        var stale = batch(mutation)
        let ledger = try await ledger(bench)
        try await fold(&stale, ledger, bench)
        var blind = stale.changes(0..<1, now: bench.now)
        await ledger.abandon()
        bench.push(mutation)
        await bench.apply()
        blind.inserts = []
        _ = try await ledger.begin(LedgerWants())
        #expect(await failure { try await ledger.commit(blind) {} } == .overtaken)
    }
}

@Suite struct `A redrive` {
    private let build = MutationBuilder()

    private func dead(_ bench: ApplierBench) async throws -> Mutation {
        try PrivateDatabase.current.sql("ALTER TABLE tasks ADD CONSTRAINT no_bad CHECK (title <> 'bad')")
        let bad = build.rename("bad")
        bench.push(build.create(), bad)
        await bench.apply()
        #expect(bench.verdict(bad) == .refused(.deadLettered))
        try PrivateDatabase.current.sql("ALTER TABLE tasks DROP CONSTRAINT no_bad")
        return bad
    }

    @Test(.privatePostgres) func `applies the mutation once, under its own id`() async throws {
        let bench = try ApplierBench()
        let bad = try await dead(bench)
        let letters = DeadLetters(try bench.session(), lanes: 1)
        let queue = MemoryQueue(bench.lanes)
        #expect(try await letters.redrive([bad.id], force: false, by: "ann@host", to: queue) == [.pushed])
        #expect(bench.verdict(bad) == nil, "the old result is gone")
        #expect(try await letters.redrive([bad.id], force: false, by: "ann@host", to: queue) == [.already])
        await bench.apply()
        #expect(bench.verdict(bad) == .changed(version: 2))
        #expect(try letters.show(bad.id)?.state == .redriven)
        #expect(try PrivateDatabase.current.sql("SELECT count(*) FROM audit WHERE actor = 'ann@host'") == "1")
        #expect(bench.lanes.count(ApplierBench.lane).leftOver(queued: 0) == 0)
    }

    @Test(.privatePostgres) func `of many keeps their order, and tells of each`() async throws {
        let bench = try ApplierBench()
        try PrivateDatabase.current.sql("ALTER TABLE tasks ADD CONSTRAINT no_bad CHECK (title <> 'bad')")
        let bad = (1...5).map { build.other($0).create("bad") }
        for mutation in bad { bench.push(mutation) }
        await bench.apply()
        try PrivateDatabase.current.sql("ALTER TABLE tasks DROP CONSTRAINT no_bad")
        let letters = DeadLetters(try bench.session(), lanes: 1)
        let (ids, queue) = (bad.map(\.id), MemoryQueue(bench.lanes))
        #expect(try letters.drop([ids[4]], by: "ann@host") == 1)
        let unknown = build.create().id
        let order = [ids[2], ids[0], unknown, ids[3], ids[0], ids[4]]
        #expect(
            try await letters.redrive(order, force: false, by: "bob@host", to: queue)
                == [.pushed, .pushed, .notWaiting, .pushed, .already, .notWaiting])
        let queued = try await queue.peek([PrefixRequest(ApplierBench.lane, count: 9)])[0].entries
        #expect(
            queued.all.map { try? Mutation(entry: $0.span, reader: JSONReader()).id } == [
                ids[2], ids[0], ids[3],
            ])
        #expect(
            try PrivateDatabase.current.sql(
                "SELECT jsonb_array_length(detail->'requests') FROM audit WHERE actor = 'bob@host'") == "3")
        // The second mark is the worker's where it was quicker, and stays.
        await bench.apply()
        #expect(try letters.count(DeadLetterFilter()) == 1)
        for place in [0, 2, 3] { #expect(bench.verdict(bad[place]) == .created(version: 1)) }
        #expect(bench.verdict(bad[1]) == .refused(.deadLettered))
    }

    @Test(.privatePostgres) func `that a full queue refuses is finished by the sweep`() async throws {
        let bench = try ApplierBench()
        let bad = try await dead(bench)
        let letters = DeadLetters(try bench.session(), lanes: 1)
        let queue = MemoryQueue(bench.lanes)
        bench.lanes.setFull(true)
        #expect(try await letters.redrive([bad.id], force: false, by: "ann@host", to: queue) == [.unfinished])
        await #expect(throws: QueueError.full) { try await letters.sweep(queue, olderThan: .zero) }
        bench.lanes.setFull(false)
        #expect(try await letters.sweep(queue, olderThan: .zero) == 1)
        #expect(try letters.show(bad.id)?.state == .redriven)
    }

    @Test(.privatePostgres) func `that a crash cut off is finished by the sweep`() async throws {
        let bench = try ApplierBench()
        let bad = try await dead(bench)
        let letters = DeadLetters(try bench.session(), lanes: 1)
        let broken = MemoryQueue(bench.lanes, fault: { _ in .replyLost })
        let cut = try await letters.redrive([bad.id], force: false, by: "ann@host", to: broken)
        #expect(cut == [.unfinished])
        #expect(try letters.show(bad.id)?.state == .redriving)
        let finished = try await letters.sweep(MemoryQueue(bench.lanes), olderThan: .zero)
        #expect(finished == 1)
        await bench.apply()
        #expect(bench.verdict(bad) == .changed(version: 2))
        #expect(try PrivateDatabase.current.sql("SELECT version FROM tasks") == "2")
    }

    @Test(.privatePostgres) func `that a later change has overtaken is refused unless it is forced`()
        async throws
    {
        let bench = try ApplierBench()
        let bad = try await dead(bench)
        bench.push(build.rename("newer"))
        await bench.apply()
        let letters = DeadLetters(try bench.session(), lanes: 1)
        let queue = MemoryQueue(bench.lanes)
        _ = try await letters.redrive([bad.id], force: false, by: "ann@host", to: queue)
        await bench.apply()
        #expect(bench.verdict(bad) == .refused(.superseded, version: 2))
        #expect(try letters.show(bad.id)?.state == .superseded)
        #expect(try await letters.redrive([bad.id], force: false, by: "ann@host", to: queue) == [.superseded])
        #expect(try letters.show(bad.id)?.state == .superseded)
        #expect(try await letters.redrive([bad.id], force: true, by: "ann@host", to: queue) == [.pushed])
        await bench.apply()
        #expect(bench.verdict(bad) == .changed(version: 3))
        #expect(try letters.show(bad.id)?.state == .redriven)
    }

    @Test(.privatePostgres) func `that dies again keeps both stories`() async throws {
        let bench = try ApplierBench()
        let bad = try await dead(bench)
        try PrivateDatabase.current.sql("ALTER TABLE tasks ADD CONSTRAINT no_bad CHECK (title <> 'bad')")
        let letters = DeadLetters(try bench.session(), lanes: 1)
        _ = try await letters.redrive([bad.id], force: false, by: "ann@host", to: MemoryQueue(bench.lanes))
        await bench.apply()
        let letter = try #require(try letters.show(bad.id))
        #expect(letter.state == .dead && letter.redrive == 1)
        #expect(Attempt.decode(letter.attempts, reader: JSONReader()).count == 2)
        #expect(try letters.groups(DeadLetterFilter()).map(\.count) == [1])
        #expect(try letters.drop([bad.id], by: "ann@host") == 1)
        #expect(try letters.count(DeadLetterFilter()) == 0)
    }

    @Test(.privatePostgres) func `of what the inbox has forgotten is expired`() async throws {
        let bench = try ApplierBench()
        let day = Partitions.Day(of: bench.now)
        var old = build
        old.at = day.start + .seconds(-40 * 86400)
        let session = try bench.session()
        try session.script("INSERT INTO settings VALUES ('inbox_since', '\(day.start.micros / 1000)')")
        let ancient = old.create()
        bench.push(ancient)
        await bench.apply()
        #expect(bench.result(ancient)?.reason == Array("expired".utf8))
    }
}
