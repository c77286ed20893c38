import Shared
import Support
import Testing

@testable import Worker

/// What is taken for new until an insert says otherwise (docs/architecture.md). Each applier of these tests has its
/// lane from an owner that released it, so its first batch presumes.
@Suite struct `A presumption` {
    private let build = MutationBuilder()

    @Test(.privatePostgres) func `that the inbox refutes changes nothing and is made good`() async throws {
        let bench = try ApplierBench()
        let (created, renamed, toggled) = (build.create(), build.rename("once"), build.build(.toggle))
        bench.push(created, renamed)
        await bench.apply()
        // As after a settle that was lost: the lane still holds what was applied, and more behind it.
        bench.push(created, renamed, toggled)
        await bench.apply()
        #expect(bench.verdict(created) == .created(version: 1))
        #expect(bench.verdict(renamed) == .changed(version: 2))
        #expect(bench.verdict(toggled) == .changed(version: 3))
        let database = PrivateDatabase.current
        #expect(try database.sql("SELECT version FROM tasks") == "3")
        #expect(try database.sql("SELECT count(*) FROM requests") == "3")
    }

    @Test(.privatePostgres) func `that a task is new does not overwrite it`() async throws {
        let bench = try ApplierBench()
        bench.push(build.create("first"))
        await bench.apply()
        let (second, renamed) = (build.create("second"), build.rename("third"))
        let other = build.other(1).create()
        bench.push(second, renamed, other)
        await bench.apply()
        #expect(bench.verdict(second) == .refused(.taskIDConflict, version: 1))
        #expect(bench.verdict(renamed) == .changed(version: 2))
        #expect(bench.verdict(other) == .created(version: 1))
        #expect(try PrivateDatabase.current.sql("SELECT count(*) FROM dead_letters") == "0")
    }

    @Test(.privatePostgres) func `is not made of a task that is created and deleted at once`() async throws {
        let bench = try ApplierBench()
        bench.push(build.create())
        await bench.apply()
        let (created, deleted) = (build.create(), build.build(.delete))
        bench.push(created, deleted)
        await bench.apply()
        #expect(bench.verdict(created) == .refused(.taskIDConflict, version: 1))
        #expect(bench.verdict(deleted) == .deleted)
        #expect(try PrivateDatabase.current.sql("SELECT count(*) FROM tasks") == "0")
    }

    @Test(.privatePostgres) func `is not made of a creation under a condition`() async throws {
        let bench = try ApplierBench()
        bench.push(build.create())
        await bench.apply()
        let conditional = build.build(.create(NewTask(title: [65])), if: [1])
        bench.push(conditional)
        await bench.apply()
        #expect(bench.verdict(conditional) == .refused(.taskIDConflict, version: 1))
    }

    @Test(.privatePostgres, arguments: [false, true])
    func `of a stale owner is refuted by its successor's commit`(isCreation: Bool) async throws {
        let bench = try ApplierBench()
        bench.push(build.create())
        await bench.apply()
        let mutation = isCreation ? build.other(1).create() : build.rename("x")
        let prefix = LanePrefix(lane: ApplierBench.lane, entries: EntryList([mutation.encode()]))
        let lease = Lease(lane: ApplierBench.lane, token: LeaseToken(worker: WorkerID("x"), nonce: 2))
        var stale = Batch([.lane(prefix, lease)], parkedBefore: [[]], reader: JSONReader())
        bench.push(mutation)
        await bench.apply()
        let ledger = PostgresLedger(bench.options)
        try await ledger.connect()
        let wants = stale.wants(.presuming, oldBefore: Timestamp(micros: 0))
        #expect(wants.requests.isEmpty && wants.isNothing == isCreation)
        stale.take(try await ledger.begin(wants), wants)
        stale.fold(0..<1)
        let refusal = await failure { try await ledger.commit(stale.changes(0..<1, now: bench.now)) {} }
        switch refusal {
        case .overtaken: #expect(!isCreation)
        // The task's own key comes first.
        case .refused(let fault, _): #expect(isCreation && fault.sqlState == "23505")
        default: Issue.record("\(String(describing: refusal))")
        }
        #expect(
            try PrivateDatabase.current.sql("SELECT string_agg(version::text, ' ' ORDER BY id) FROM tasks")
                == (isCreation ? "1 1" : "2"))
    }

    @Test(.privatePostgres) func `that is given up before it was sent leaves nothing behind`() async throws {
        let bench = try ApplierBench()
        let ledger = PostgresLedger(bench.options)
        try await ledger.connect()
        var wants = LedgerWants()
        wants.lanes = [ApplierBench.lane]
        _ = try await ledger.begin(wants)
        await ledger.abandon()
        _ = try await ledger.begin(wants)
        try await ledger.commit(LedgerChanges()) {}
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        let own = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        #expect(try PrivateDatabase.current.sql(locks + own) == "0")
    }
}
