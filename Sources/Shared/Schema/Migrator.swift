/// Why the schema could not be brought, or found, up to date; one line for standard error.
package enum SchemaError: Error, Equatable, Sendable, CustomStringConvertible {
    case database(PostgresError)
    /// The database has been migrated by a later build.
    case newer(found: Int, known: Int)
    /// The database waits for `tasklane migrate`; 0 for one that never was.
    case older(found: Int, known: Int)
    /// The lanes of the database are not those of the configuration.
    case lanes(found: Int, configured: Int)
    /// A setting is missing or makes no sense.
    case damaged(setting: String)
    /// Redis holds a copy of the settings that is not PostgreSQL's.
    case foreignRedis(setting: String)
    case queue(QueueError)

    package var description: String {
        switch self {
        case .database(let error): "\(error)"
        case .newer(let found, let known):
            "the database has schema version \(found), this build knows \(known): install the newer build"
        case .older(let found, let known):
            "the database has schema version \(found), this build needs \(known): run `tasklane migrate`"
        case .lanes(let found, let configured):
            "the database was set up with \(found) lanes, TASKLANE_LANES is \(configured): "
                + "set TASKLANE_LANES=\(found), or change the number with `tasklane relane`"
        case .damaged(let setting):
            "the setting \(setting) in PostgreSQL is missing or damaged: restore it from a backup"
        case .foreignRedis(let setting):
            "Redis holds another deployment's \(setting): check REDIS_URL and DATABASE_URL"
        case .queue(let error): "Redis: \(error)"
        }
    }
}

/// Brings the schema of a database up to date: numbered steps, each in its own transaction, one migrator at a time.
package struct Migrator {
    /// The first of a pair of keys: "task" in ASCII. Lanes have keys from 0 up; this is none of them.
    ///
    /// Of the transaction and not of the session: behind a pooler that gives each transaction another session, a lock of the
    /// session would stay with one that nobody can unlock, and the next migration would wait for ever.
    private static let lock = PostgresStatement("SELECT pg_advisory_xact_lock(1952543595, -1)")

    private let session: PostgresConnection
    private let lanes: Int

    /// - Parameters:
    ///   - session: of a role that may create tables; its time limits must suit a migration.
    ///   - lanes: as configured; recorded by the first migration, checked by every other.
    package init(_ session: PostgresConnection, lanes: Int) {
        self.session = session
        self.lanes = lanes
    }

    /// One step, and whether the database has it.
    package struct Step: Equatable, Sendable {
        package let number: Int
        package let name: String
        package let isDone: Bool
    }

    /// Every step that this build knows.
    package func status() throws(SchemaError) -> [Step] {
        let version = try version()
        return Migration.all.map { Step(number: $0.number, name: $0.name, isDone: $0.number <= version) }
    }

    /// Runs the missing steps; makes the id key and records the lanes where they are missing. Safe to run again and at
    /// the same time elsewhere. `progress` gets one line for each thing that was done.
    package func migrate(_ progress: (String) -> Void) throws(SchemaError) {
        let found = try version()
        guard found <= Migration.latest else { throw .newer(found: found, known: Migration.latest) }
        for (place, step) in Migration.all.enumerated() {
            precondition(step.number == place + 1, "migrations are numbered from 1 without a gap")
            guard step.number > found, try run(step) else { continue }
            progress("migrated to \(step.number): \(step.name)")
        }
        if found == Migration.latest { progress("schema is at version \(found)") }
        try makeSettings(progress)
        let settings = try Settings.read(session)
        guard settings.lanes == lanes else {
            throw .lanes(found: settings.lanes, configured: lanes)
        }
    }

    /// 0 for a database without our tables.
    private func version() throws(SchemaError) -> Int {
        do throws(PostgresError) {
            // to_regclass alone would answer from the session's own cache, which within a transaction hears of another's
            // table only when it locks one: 42P07 for who had to wait for the migrator before.
            let exists = try session.query(
                PostgresStatement("SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('settings'))"))
            guard exists.first?.bool(0) == true else { return 0 }
            let rows = try session.query(
                PostgresStatement("SELECT value FROM settings WHERE name = 'schema_version'"))
            return rows.first.flatMap { Int($0.text(0)) } ?? 0
        } catch { throw .database(error) }
    }

    /// False where another migrator was faster.
    private func run(_ step: Migration) throws(SchemaError) -> Bool {
        do throws(SchemaError) {
            let isMissing = try lockedVersion() < step.number
            if isMissing { try write(step) }
            try end(PostgresStatement("COMMIT"))
            return isMissing
        } catch {
            // What cannot even be rolled back has lost its session, and the transaction with it.
            try? end(PostgresStatement("ROLLBACK"))
            throw error
        }
    }

    /// The version as it stays until the transaction that this opens is over.
    private func lockedVersion() throws(SchemaError) -> Int {
        do throws(PostgresError) {
            try session.begin()
            try session.send(Migrator.lock)
            try session.sync()
        } catch { throw .database(error) }
        return try version()
    }

    private func write(_ step: Migration) throws(SchemaError) {
        do throws(PostgresError) {
            let record = """
                INSERT INTO settings VALUES ('schema_version', '\(step.number)')
                ON CONFLICT (name) DO UPDATE SET value = excluded.value;
                """
            try session.script(String(decoding: step.sql, as: UTF8.self) + ";\n" + record)
        } catch { throw .database(error) }
    }

    private func end(_ statement: PostgresStatement) throws(SchemaError) {
        do throws(PostgresError) { try session.query(statement) } catch { throw .database(error) }
    }

    private func makeSettings(_ progress: (String) -> Void) throws(SchemaError) {
        let insert = PostgresStatement(
            "INSERT INTO settings VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING name")
        do throws(PostgresError) {
            let key = String(decoding: Hex.encode(SecureRandom.bytes(32)), as: UTF8.self)
            if try !session.query(insert, [.text("id_key"), .text(key)]).isEmpty {
                progress("made the key of request ids")
            }
            if try !session.query(insert, [.text("lanes"), .text("\(lanes)")]).isEmpty {
                progress("recorded \(lanes) lanes")
            }
        } catch { throw .database(error) }
    }
}
