/// The days of the inbox: made ahead, dropped after the retention (DESIGN.md §3).
///
/// A request id is time, so a day of `requests` is a range of ids. Detaching CONCURRENTLY, which would spare readers a
/// short lock, is refused by PostgreSQL where there is a DEFAULT partition, and that one is worth more: it takes what
/// comes late. So a day is detached under a lock, with a time limit that makes it give way and try again later.
package struct Partitions {
    private static let daySeconds: Int64 = 86400

    private let session: PostgresConnection

    package init(_ session: PostgresConnection) { self.session = session }

    /// The day of the inbox that holds requests accepted at `time`.
    package struct Day: Hashable, Sendable, Comparable {
        /// Days since 1970-01-01 UTC.
        package let number: Int

        package init(number: Int) { self.number = number }

        package init(of time: Timestamp) {
            number = Int((Double(time.micros) / 1e6 / Double(Partitions.daySeconds)).rounded(.down))
        }

        package static func < (left: Day, right: Day) -> Bool { left.number < right.number }

        /// `requests_20261121`.
        package var table: String {
            let date = Calendar.civil(daysSince1970: number)
            let digits = String(date.year * 10000 + date.month * 100 + date.day)
            return "requests_" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        }

        /// Reads what `table` wrote.
        package init?(table: String) {
            guard table.hasPrefix("requests_"), table.utf8.count == 17, let digits = Int(table.dropFirst(9))
            else { return nil }
            let (year, month, day) = (digits / 10000, digits / 100 % 100, digits % 100)
            guard (1...12).contains(month), (1...Calendar.days(in: month, of: year)).contains(day) else {
                return nil
            }
            number = Calendar.daysSince1970(year: year, month: month, day: day)
        }

        /// When it begins.
        package var start: Timestamp {
            Timestamp(micros: Int64(number) * Partitions.daySeconds * 1_000_000)
        }

        /// The least id of the day: its first millisecond, and zeros.
        package var least: UUID { UUID(high: UInt64(max(0, start.micros / 1000)) << 16, low: 0) }

        package var next: Day { Day(number: number + 1) }
    }

    /// The days that have a table.
    package func days() throws(PostgresError) -> [Day] {
        let list = PostgresStatement(
            """
            SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'requests'::regclass
            """)
        return try session.query(list).compactMap { Day(table: $0.text(0)) }.sorted()
    }

    /// Makes today's table and those of the days to come that are missing; gives those it made. Rows that waited in the
    /// DEFAULT partition move along.
    package func make(from now: Timestamp, daysAhead: Int = 7) throws(PostgresError) -> [Day] {
        let there = Set(try days())
        let today = Day(of: now).number
        var made: [Day] = []
        for number in today...(today + daysAhead) {
            let day = Day(number: number)
            guard !there.contains(day) else { continue }
            do throws(PostgresError) {
                try make(day)
                made.append(day)
            } catch {
                // Another process makes the same day at the same time.
                guard error.state == "42P07" else { throw error }
            }
        }
        return made
    }

    private func make(_ day: Day) throws(PostgresError) {
        let bounds = "FROM ('\(day.least)') TO ('\(day.next.least)')"
        try transaction(
            """
            LOCK TABLE requests_default IN SHARE ROW EXCLUSIVE MODE;
            CREATE TABLE \(day.table) (LIKE requests INCLUDING ALL);
            WITH late AS (DELETE FROM requests_default
                WHERE request_id >= '\(day.least)' AND request_id < '\(day.next.least)' RETURNING *)
            INSERT INTO \(day.table) SELECT * FROM late;
            ALTER TABLE requests ATTACH PARTITION \(day.table) FOR VALUES \(bounds)
            """)
    }

    /// Drops the days that ended before `keepFrom`, oldest first; gives those it dropped. The inbox's horizon moves in
    /// the same transaction, so that an entry as old as that is never taken for one that was not applied.
    /// - Parameter keepFrom: `now` less the retention, or the oldest entry that is still queued, if that is older.
    package func drop(before keepFrom: Timestamp) throws(PostgresError) -> [Day] {
        var dropped: [Day] = []
        var horizon = Day(of: keepFrom)
        for day in try days() where day.next.start <= keepFrom {
            guard try !holdsRedrive(day) else {
                horizon = day
                break
            }
            try transaction(
                "\(moveHorizon(to: day.next)); ALTER TABLE requests DETACH PARTITION \(day.table)")
            try session.script("DROP TABLE IF EXISTS \(day.table)")
            dropped.append(day)
        }
        try sweepDefault(before: keepFrom, horizon)
        return dropped
    }

    /// True where a dead request of that day is on its way back.
    private func holdsRedrive(_ day: Day) throws(PostgresError) -> Bool {
        let look = PostgresStatement(
            """
            SELECT EXISTS (SELECT FROM dead_letters d
                WHERE d.state IN ('redriving', 'redriven') AND d.request_id >= $1 AND d.request_id < $2
                AND EXISTS (SELECT FROM requests r WHERE r.request_id = d.request_id AND r.redrive < d.redrive
                    AND r.request_id >= $1 AND r.request_id < $2))
            """)
        return try session.query(look, [.uuid(day.least), .uuid(day.next.least)]).first?.bool(0) ?? false
    }

    /// What came late and is past the retention as well, and dead letters on which an operator has decided. Those that
    /// wait for a decision stay. The horizon moves with it: an entry that comes from before is not applied twice.
    private func sweepDefault(before keepFrom: Timestamp, _ horizon: Day) throws(PostgresError) {
        try transaction(
            "\(moveHorizon(to: horizon)); DELETE FROM requests_default WHERE request_id < '\(horizon.least)'")
        try session.query(
            PostgresStatement(
                "DELETE FROM dead_letters WHERE state_at < $1 AND state IN ('redriven', 'dropped')"),
            [.timestamp(keepFrom)])
    }

    /// The inbox vouches for what was accepted from `day` on; never moves back.
    private func moveHorizon(to day: Day) -> String {
        """
        INSERT INTO settings VALUES ('inbox_since', '\(day.start.micros / 1000)')
        ON CONFLICT (name) DO UPDATE SET value = greatest(settings.value::bigint, excluded.value::bigint)::text
        """
    }

    /// One transaction that gives way rather than hold up the appliers: half a second for each lock.
    private func transaction(_ sql: String) throws(PostgresError) {
        do throws(PostgresError) {
            try session.script("BEGIN; SET LOCAL lock_timeout = '500ms'; \(sql); COMMIT")
        } catch {
            if session.isOpen { try session.rollback() }
            throw error
        }
    }
}
