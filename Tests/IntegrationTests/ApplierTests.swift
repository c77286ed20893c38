import Shared
import Support
import Testing

@testable import Worker

@Suite struct `An applier over PostgreSQL` {
    private let build = MutationBuilder()

    @Test(.privatePostgres) func `gives every verdict of the domain`() async throws {
        let bench = try ApplierBench()
        let created = build.create()
        let again = build.create()
        let renamed = build.rename("Buy bread")
        let late = build.build(.toggle, if: [1])
        let unknown = build.other(1).rename("nobody's")
        let toggled = build.build(.toggle, if: [2])
        let deleted = build.build(.delete)
        let gone = build.build(.complete(true))
        bench.push(created, again, renamed, late, unknown, toggled, deleted, gone)
        await bench.apply()
        #expect(bench.verdict(created) == .created(version: 1))
        #expect(bench.verdict(again) == .refused(.taskIDConflict, version: 1))
        #expect(bench.verdict(renamed) == .changed(version: 2))
        #expect(bench.verdict(late) == .refused(.preconditionFailed, version: 2))
        #expect(bench.verdict(unknown) == .refused(.taskNotFound))
        #expect(bench.verdict(toggled) == .changed(version: 3))
        #expect(bench.verdict(deleted) == .deleted)
        #expect(bench.verdict(gone) == .refused(.taskNotFound))
        let database = PrivateDatabase.current
        #expect(try database.sql("SELECT count(*) FROM tasks") == "0")
        #expect(
            try database.sql("SELECT string_agg(status::text, ' ' ORDER BY request_id) FROM requests")
                == "201 409 200 412 404 200 204 404")
        #expect(bench.lanes.count(ApplierBench.lane).leftOver(queued: 0) == 0)
    }

    @Test(.privatePostgres) func `reads the next batch with the settle of the last`() async throws {
        let bench = try ApplierBench()
        let mutations = [build.create()] + (2...15).map { build.rename("\($0)") }
        for mutation in mutations { bench.push(mutation) }
        #expect(await bench.apply(batch: 5) == 1)
        #expect(bench.verdict(mutations[14]) == .changed(version: 15))
        #expect(bench.lanes.count(ApplierBench.lane).succeeded == 15)
    }

    @Test(.privatePostgres) func `writes each field of a task and reads it back`() async throws {
        let bench = try ApplierBench()
        let task = NewTask(
            title: Array("Grüße".utf8), description: Array("a\nb".utf8), completed: true, priority: .high,
            dueAt: bench.now)
        bench.push(build.build(.create(task)))
        await bench.apply()
        let cleared = build.build(.update(TaskPatch(description: .some(nil), priority: .some(.low))))
        bench.push(cleared)
        await bench.apply()
        guard case .done(_, let item?) = bench.result(cleared)?.state else {
            Issue.record("no task in the result")
            return
        }
        #expect(item.title == task.title && item.description == nil && item.completed)
        #expect(item.priority == .low && item.dueAt == task.dueAt && item.version == 2)
        let row = try PrivateDatabase.current.sql(
            "SELECT title, description IS NULL, priority, version FROM tasks")
        #expect(row == "Grüße|t|1|2")
    }

    @Test(.privatePostgres) func `takes the verdict of a known request from the inbox`() async throws {
        let bench = try ApplierBench()
        let created = build.create()
        let toggled = build.build(.toggle)
        bench.push(created, toggled)
        await bench.apply()
        bench.push(created, toggled, created)
        await bench.apply()
        #expect(bench.verdict(toggled) == .changed(version: 2))
        let row = try PrivateDatabase.current.sql("SELECT completed, version FROM tasks")
        #expect(row == "t|2")
        guard case .done(let verdict, let task) = bench.result(created)?.state else {
            Issue.record("no result")
            return
        }
        #expect(verdict == .created(version: 1))
        #expect(task == nil, "the task is not as its creation left it any more")
    }

    @Test(.privatePostgres) func `finds the one that a constraint refuses and applies the others`()
        async throws
    {
        let bench = try ApplierBench()
        try PrivateDatabase.current.sql("ALTER TABLE tasks ADD CONSTRAINT no_bad CHECK (title <> 'bad')")
        let good = (0..<100).map { build.other(UInt64($0)).create() }
        let bad = build.other(500).create("bad")
        bench.lanes.accept(
            (good[..<70] + [bad] + good[70...]).map { $0.encode() }, into: ApplierBench.lane)
        await bench.apply()
        #expect(good.allSatisfy { bench.verdict($0) == .created(version: 1) })
        #expect(bench.verdict(bad) == .refused(.deadLettered))
        #expect(bench.result(bad)?.reason == Array("rejected_by_database".utf8))
        let letters = DeadLetters(try bench.session(), lanes: 1)
        let letter = try #require(try letters.show(bad.id))
        #expect(letter.reason == "rejected_by_database" && letter.payload == bad.encode())
        #expect(letter.signature.hasPrefix("23514 "))
        #expect(letter.state == .dead && letter.user == bad.user && letter.task == bad.task)
    }

    @Test(.privatePostgres) func `parks a user whom a trigger refuses, in order, and lets the others go`()
        async throws
    {
        let bench = try ApplierBench()
        try refuse("later")
        let first = build.create("later")
        let second = build.build(.complete(true))
        let other = build.of("u2").create()
        bench.push(first, second, other)
        await bench.apply(leavingParked: true)
        #expect(bench.verdict(other) == .created(version: 1))
        #expect(bench.verdict(second) == nil)
        guard case .retrying(let attempts, let next) = bench.result(first)?.state else {
            Issue.record("not retrying: \(String(describing: bench.result(first)))")
            return
        }
        #expect(attempts >= 1 && next >= bench.now + .seconds(-2))
        try PrivateDatabase.current.sql("DROP TRIGGER refuse ON tasks")
        await bench.apply()
        #expect(bench.verdict(first) == .created(version: 1))
        #expect(bench.verdict(second) == .changed(version: 2))
    }

    @Test(.privatePostgres) func `gives a user up after its attempts and goes on with the rest`() async throws
    {
        let bench = try ApplierBench()
        try refuse("never")
        let first = build.create("never")
        let second = build.other(1).create("fine")
        bench.push(first, second)
        await bench.apply(attemptsMax: 3)
        #expect(bench.verdict(first) == .refused(.deadLettered))
        #expect(bench.verdict(second) == .created(version: 1))
        let letter = try #require(try DeadLetters(bench.session(), lanes: 1).show(first.id))
        #expect(letter.reason == "attempts_exhausted")
        #expect(
            Attempt.decode(letter.attempts, reader: JSONReader()).map(\.sqlState) == [
                "P0001", "P0001", "P0001",
            ])
    }

    @Test(.privatePostgres) func `sets aside what kills its session, and nothing else`() async throws {
        let bench = try ApplierBench()
        try PrivateDatabase.current.sql(
            """
            CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN new; END $$;
            CREATE TRIGGER kill BEFORE INSERT ON tasks FOR EACH ROW WHEN (new.title = 'killer') EXECUTE FUNCTION kill()
            """)
        let good = (0..<20).map { build.other(UInt64($0)).create() }
        let killer = build.other(500).create("killer")
        bench.lanes.accept(
            (good[..<11] + [killer] + good[11...]).map { $0.encode() }, into: ApplierBench.lane)
        let start = bench.now
        await bench.apply()
        #expect(good.allSatisfy { bench.verdict($0) == .created(version: 1) })
        #expect(bench.result(killer)?.reason == Array("poison".utf8))
        #expect(bench.now < start + .seconds(60))
    }

    @Test(.privatePostgres) func `dead-letters what it cannot read, and goes on`() async throws {
        let bench = try ApplierBench()
        let created = build.create()
        bench.lanes.accept([Array("{nonsense".utf8), created.encode()], into: ApplierBench.lane)
        await bench.apply()
        #expect(bench.verdict(created) == .created(version: 1))
        let letters = try DeadLetters(bench.session(), lanes: 1).list(DeadLetterFilter(), limit: 10)
        #expect(letters.map(\.reason) == ["undecodable"])
        #expect(letters.first?.request.version == 8)
        #expect(letters.first?.payload == Array("{nonsense".utf8))
        #expect(bench.lanes.count(ApplierBench.lane).dead == 1)
    }

    @Test(.privatePostgres) func `blames nobody for an outage`() async throws {
        let bench = try ApplierBench()
        try PrivateDatabase.current.sql("ALTER TABLE requests RENAME TO elsewhere")
        let created = build.create()
        bench.push(created)
        await bench.apply(rounds: 5)
        #expect(bench.lanes.depth(ApplierBench.lane) == 1)
        try PrivateDatabase.current.sql("ALTER TABLE elsewhere RENAME TO requests")
        await bench.apply()
        #expect(bench.verdict(created) == .created(version: 1))
        #expect(bench.result(created)?.attempts == 1)
    }

    @Test(.privatePostgres) func `finds the guilty of a deferred constraint`() async throws {
        let bench = try ApplierBench()
        try PrivateDatabase.current.sql(
            """
            CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514', CONSTRAINT = 'late'; END $$;
            CREATE CONSTRAINT TRIGGER late AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (new.title = 'bad') EXECUTE FUNCTION late()
            """)
        let good = build.create()
        let bad = build.other(1).create("bad")
        bench.push(good, bad)
        await bench.apply()
        #expect(bench.verdict(good) == .created(version: 1))
        #expect(bench.result(bad)?.reason == Array("rejected_by_database".utf8))
    }

    @Test(.privatePostgres) func `needs no prepared statements, for poolers that keep none`() async throws {
        let bench = try ApplierBench()
        let created = build.create()
        let deleted = build.build(.delete)
        bench.push(created, build.build(.toggle))
        await bench.apply(prepared: false)
        bench.push(deleted)
        await bench.apply(prepared: false)
        #expect(bench.verdict(created) == .created(version: 1))
        #expect(bench.verdict(deleted) == .deleted)
    }

    @Test(.privatePostgres) func `keeps the claims of users`() async throws {
        let bench = try ApplierBench()
        var first = build.create()
        first.email = Array("a@example.org".utf8)
        var second = build.rename("x")
        second.name = Array("Ann".utf8)
        bench.push(first, second)
        await bench.apply()
        #expect(
            try PrivateDatabase.current.sql("SELECT id, email, name FROM users") == "u1|a@example.org|Ann")
    }

    @Test(.privatePostgres) func `gives up the head of a parked list that grows too long`() async throws {
        let bench = try ApplierBench()
        try refuse("later")
        let head = build.create("later")
        let rest = (0..<SettleOutcome.parkedMax + 2).map { build.other(UInt64($0)).create() }
        bench.lanes.accept(([head] + rest).map { $0.encode() }, into: ApplierBench.lane)
        await bench.apply(leavingParked: true)
        #expect(bench.result(head)?.reason == Array("backlog".utf8))
        #expect(bench.lanes.parkedDepth(ApplierBench.lane) <= SettleOutcome.parkedMax)
        #expect(bench.lanes.count(ApplierBench.lane).dead >= 3)
    }

    /// A trigger that raises P0001 for tasks of that title.
    private func refuse(_ title: String) throws {
        try PrivateDatabase.current.sql(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tasks
            FOR EACH ROW WHEN (new.title = '\(title)') EXECUTE FUNCTION refuse()
            """)
    }
}
