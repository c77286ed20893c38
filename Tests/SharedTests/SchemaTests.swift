import Shared
import Support
import Synchronization
import Testing

@Suite struct `The schema` {
    private func session() throws -> PostgresConnection { try PostgresConnection(options) }

    private var options: PostgresOptions {
        PostgresOptions(url: PrivateDatabase.current.url, applicationName: "test")
    }

    /// Migrates in a session of its own, and gives how many steps it made.
    private func stepsMade(_ options: PostgresOptions) throws -> Int {
        var lines: [String] = []
        try Migrator(PostgresConnection(options), lanes: 8).migrate { lines.append($0) }
        return lines.filter { $0.hasPrefix("migrated") }.count
    }

    @Test(.privatePostgres) func `is made by the first migration and found by the second`() throws {
        let session = try session()
        var lines: [String] = []
        try Migrator(session, lanes: 8).migrate { lines.append($0) }
        #expect(lines.first == "migrated to 1: tables")
        #expect(try Migrator(session, lanes: 8).status().allSatisfy(\.isDone))
        let settings = try Settings.check(session, lanes: 8)
        #expect(settings.idKey.count == 32)
        try Migrator(session, lanes: 8).migrate { _ in }
        #expect(try Settings.read(session) == settings)
    }

    @Test(.privatePostgres) func `is migrated by one of those who try, and leaves no lock behind`()
        async throws
    {
        let migrated = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 1...4 {
                group.addTask { try stepsMade(options) }
            }
            return try await group.reduce(0, +)
        }
        #expect(migrated == Migration.latest)
        // A pooler keeps sessions: what a session holds at the end, it holds for ever.
        let session = try session()
        try Migrator(session, lanes: 8).migrate { _ in }
        let own = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        #expect(try session.query(PostgresStatement(own)).isEmpty)
    }

    @Test(.privatePostgres) func `is not made again by who had to wait for it`() throws {
        let faster = try session()
        try faster.script("BEGIN; SELECT pg_advisory_xact_lock(1952543595, -1)")
        let made = Mutex<Result<Int, any Error>?>(nil)
        // A thread of its own: beside many tests a task would wait for its turn longer than `faster` may rest.
        let waiter = try ThreadExecutor(name: "migrator") { [options] in
            let steps = Result { try stepsMade(options) }
            made.withLock { $0 = steps }
        }
        let waits = PostgresStatement(
            """
            SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
            WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
            """)
        let look = try session()
        // It has looked already, and its session remembers that there were no tables.
        #expect(eventually(seconds: 20) { (try? look.query(waits).first?.int(0)) == 1 })
        // As little as can be: after many changes of the catalog the server would empty the waiter's cache by itself.
        try faster.script(
            """
            CREATE TABLE settings (name text PRIMARY KEY, value text NOT NULL);
            INSERT INTO settings VALUES ('schema_version', '\(Migration.latest)'); COMMIT
            """)
        waiter.join()
        #expect(try made.withLock { $0 }?.get() == 0)
    }

    @Test(
        .privatePostgres,
        arguments: [
            ("title", "''"), ("title", "repeat('x', 256)"), ("description", "repeat('x', 1001)"),
            ("priority", "0"), ("priority", "4"), ("version", "0"),
        ])
    func `refuses a task that no client may send`(column: String, value: String) throws {
        let session = try session()
        try Migrator(session, lanes: 8).migrate { _ in }
        try session.script(
            "INSERT INTO tasks VALUES ('u', gen_random_uuid(), 't', 'd', false, 1, now(), 1, now(), now())")
        let refusal = #expect(throws: PostgresError.self) {
            try session.script("UPDATE tasks SET \(column) = \(value)")
        }
        #expect("\(refusal.map { "\($0)" } ?? "")".contains("task_\(column)"))
    }

    @Test(.privatePostgres) func `refuses another number of lanes`() throws {
        let session = try session()
        try Migrator(session, lanes: 8).migrate { _ in }
        #expect(throws: SchemaError.lanes(found: 8, configured: 16)) {
            try Migrator(session, lanes: 16).migrate { _ in }
        }
        #expect(throws: SchemaError.lanes(found: 8, configured: 16)) {
            try Settings.check(session, lanes: 16)
        }
    }

    @Test(.privatePostgres) func `tells a database that was never migrated`() throws {
        let session = try session()
        #expect(throws: SchemaError.older(found: 0, known: Migration.latest)) {
            try Settings.check(session, lanes: 8)
        }
    }

    @Test(.privatePostgres) func `refuses a database that a later build has migrated`() throws {
        let session = try session()
        try Migrator(session, lanes: 8).migrate { _ in }
        try session.script("UPDATE settings SET value = '99' WHERE name = 'schema_version'")
        #expect(throws: SchemaError.newer(found: 99, known: Migration.latest)) {
            try Settings.check(session, lanes: 8)
        }
    }

    @Test(.privatePostgres) func `keeps its settings in a Redis that lost them and refuses a foreign one`()
        async throws
    {
        let session = try session()
        try Migrator(session, lanes: 8).migrate { _ in }
        let settings = try Settings.read(session)
        let lanes = MemoryLanes { Timestamp(micros: 0) }
        let queue = MemoryQueue(lanes)
        try await settings.restore(to: queue)
        #expect(try await queue.settings()["lanes"] == Array("8".utf8))
        let other = Settings(schemaVersion: 1, lanes: 8, idKey: [UInt8](repeating: 7, count: 32))
        await #expect(throws: SchemaError.foreignRedis(setting: "id_key")) {
            try await other.restore(to: queue)
        }
    }
}

@Suite struct `Days of the inbox` {
    private let noon = Timestamp(rfc3339: Array("2026-11-21T12:00:00Z".utf8).span)!

    private func session() throws -> PostgresConnection {
        let session = try PostgresConnection(
            PostgresOptions(url: PrivateDatabase.current.url, applicationName: "test"))
        try Migrator(session, lanes: 8).migrate { _ in }
        return session
    }

    private func insert(_ id: UUID, _ session: PostgresConnection) throws {
        try session.query(
            PostgresStatement("INSERT INTO requests VALUES ($1, 'u', 1, 201, NULL, $1, 1, 0, now())"),
            [.uuid(id)])
    }

    @Test(.privatePostgres) func `are made ahead, once`() throws {
        let session = try session()
        let partitions = Partitions(session)
        let made = try partitions.make(from: noon, daysAhead: 2)
        #expect(made.map(\.table) == ["requests_20261121", "requests_20261122", "requests_20261123"])
        #expect(try partitions.make(from: noon, daysAhead: 2) == [])
    }

    @Test(.privatePostgres) func `take over what waited in the default one`() throws {
        let session = try session()
        let partitions = Partitions(session)
        let id = UUID(high: UInt64(noon.micros / 1000) << 16 | 0x7000, low: 1 << 63)
        try insert(id, session)
        _ = try partitions.make(from: noon, daysAhead: 0)
        let held = try session.query(PostgresStatement("SELECT request_id FROM requests_20261121"))
        #expect(held.first?.uuid(0) == id)
    }

    @Test(.privatePostgres) func `are dropped after the retention, and the horizon moves`() throws {
        let session = try session()
        let partitions = Partitions(session)
        _ = try partitions.make(from: noon, daysAhead: 2)
        let keep = Partitions.Day(of: noon).next
        #expect(try partitions.drop(before: keep.start).map(\.table) == ["requests_20261121"])
        #expect(try partitions.days().map(\.table) == ["requests_20261122", "requests_20261123"])
        let horizon = try session.query(
            PostgresStatement("SELECT value FROM settings WHERE name = 'inbox_since'"))
        #expect(horizon.first?.text(0) == "\(keep.start.micros / 1000)")
    }

    @Test(.privatePostgres) func `stay while a dead request of theirs is on its way back`() throws {
        let session = try session()
        let partitions = Partitions(session)
        _ = try partitions.make(from: noon, daysAhead: 1)
        let day = Partitions.Day(of: noon)
        try session.script(
            """
            INSERT INTO requests VALUES ('\(day.least)', 'u', 1, 500, 'operation-dead-lettered', '\(day.least)', NULL, 0, now());
            INSERT INTO dead_letters (request_id, lane, reason, signature, payload, attempts, state, forced, redrive,
                dead_at, state_at)
            VALUES ('\(day.least)', 0, 'poison', 's', '', '[]', 'redriving', false, 1, now(), now())
            """)
        #expect(try partitions.drop(before: day.next.start) == [])
    }
}
