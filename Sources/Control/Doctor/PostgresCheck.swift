internal import CSystem
import Shared

/// PostgreSQL: reachable, new enough, migrated, durable, with permissions and days to come.
struct PostgresCheck {
    let session: Session
    let configuration: Configuration

    func run(_ findings: inout Findings) {
        do throws(CommandFailure) {
            let started = tl_monotonic_nanos()
            let postgres = try session.postgres(configuration)
            try postgres.ask("SELECT 1")
            let seconds = Double(tl_monotonic_nanos() - started) / 1e9
            findings.good("PostgreSQL", "answers in \(Readable.age(seconds: seconds)), connection included")
            let version = postgres.serverVersion
            if version >= 140_000 {
                findings.good("PostgreSQL", "version \(version / 10000)")
            } else {
                findings.bad("PostgreSQL", "version \(version / 10000) is too old", "install 14 or later")
            }
            try checkServer(postgres, &findings)
            try checkSchema(postgres, &findings)
        } catch {
            findings.bad("PostgreSQL", "does not serve", error.text)
        }
    }

    private func checkServer(_ postgres: PostgresConnection, _ findings: inout Findings)
        throws(CommandFailure)
    {
        let rows = try postgres.ask(
            """
            SELECT current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery(),
                current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity),
                current_setting('server_encoding'),
                (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current_setting('synchronous_commit')
            """)
        guard let row = rows.first else { return }
        if row.text(0) == "off" || row.text(1) == "off" {
            findings.bad(
                "PostgreSQL", "fsync or full_page_writes is off", "switch both on: a crash corrupts the data")
        }
        if row.text(7) == "off" {
            findings.warn(
                "PostgreSQL",
                "synchronous_commit is off: a crash may lose applied mutations that were settled",
                "ALTER SYSTEM SET synchronous_commit = on")
        }
        if row.bool(2) {
            findings.bad("PostgreSQL", "this server is a standby", "let DATABASE_URL name the primary")
        }
        let used = row.int(4)
        let most = row.int(3)
        if used * 10 > most * 8 {
            findings.warn(
                "PostgreSQL", "\(used) of \(most) connections are used",
                "raise max_connections or use PgBouncer")
        } else {
            findings.good("PostgreSQL", "\(used) of \(most) connections used")
        }
        if row.text(5) != "UTF8" {
            findings.bad(
                "PostgreSQL", "its encoding is \(row.text(5))", "make the database with ENCODING UTF8")
        }
        let skew = abs(Double(Lanes.now.micros) - Double(row.int(6))) / 1e6
        if skew > 1 {
            findings.warn(
                "clock", "this host and PostgreSQL differ by \(Readable.age(seconds: skew))",
                "run chrony or systemd-timesyncd on both")
        }
    }

    private func checkSchema(_ postgres: PostgresConnection, _ findings: inout Findings)
        throws(CommandFailure)
    {
        do throws(SchemaError) {
            let settings = try Settings.check(postgres, lanes: configuration.lanes)
            findings.good("schema", "version \(settings.schemaVersion), \(settings.lanes) lanes")
        } catch {
            return findings.bad("schema", "is not this build's", "\(error)")
        }
        let tables = ["tasks", "requests", "users", "dead_letters", "settings", "audit"]
        for table in tables {
            let allowed = try postgres.ask(
                "SELECT has_table_privilege($1, 'INSERT') AND has_table_privilege($1, 'SELECT')",
                [.text(table)]
            ).first?.bool(0)
            if allowed != true {
                findings.bad("schema", "no permission on table \(table)", "connect as the tables' owner")
            }
        }
        do throws(PostgresError) {
            let tomorrow = Partitions.Day(of: Timestamp(micros: Lanes.now.micros + 86_400_000_000))
            if try Partitions(postgres).days().contains(tomorrow) {
                findings.good("inbox", "tomorrow has its table")
            } else {
                findings.warn(
                    "inbox", "tomorrow has no table", "run tasklane migrate; workers make them as well")
            }
        } catch { throw CommandFailure(error) }
    }
}
