/// The dead letters as operators see and move them. Every change writes an `audit` row in the same transaction.
package struct DeadLetters {
    let session: PostgresConnection
    let lanes: Int

    /// - Parameter lanes: how many there are now: a redrive goes to its user's lane of today.
    package init(_ session: PostgresConnection, lanes: Int) {
        self.session = session
        self.lanes = lanes
    }

    /// Dead letters with one signature.
    package struct Group: Equatable, Sendable {
        package let reason: String
        package let signature: String
        package let count: Int
        package let users: Int
        package let first: Timestamp
        package let last: Timestamp
    }

    /// Those that fit, oldest first.
    /// - Parameter after: the place where an earlier list ended.
    package func list(
        _ filter: DeadLetterFilter, limit: Int, after: DeadLetter? = nil
    ) throws(PostgresError) -> [DeadLetter] {
        let statement = PostgresStatement(
            """
            SELECT \(DeadLetter.columns) FROM dead_letters WHERE \(DeadLetterFilter.condition)
            AND ($7::timestamptz IS NULL OR (dead_at, request_id) > ($7, $8::uuid))
            ORDER BY dead_at, request_id LIMIT $9
            """)
        let place: [PostgresParameter] = [
            .timestamp(after?.deadAt), .uuid(after?.request), .int8(Int64(limit)),
        ]
        return try session.query(statement, filter.parameters + place).map { DeadLetter($0) }
    }

    package func count(_ filter: DeadLetterFilter) throws(PostgresError) -> Int {
        let statement = PostgresStatement(
            "SELECT count(*) FROM dead_letters WHERE \(DeadLetterFilter.condition)")
        return try session.query(statement, filter.parameters).first?.int(0) ?? 0
    }

    /// By reason and signature, largest first.
    package func groups(_ filter: DeadLetterFilter) throws(PostgresError) -> [Group] {
        let statement = PostgresStatement(
            """
            SELECT reason, signature, count(*), count(DISTINCT user_id), min(dead_at), max(dead_at)
            FROM dead_letters WHERE \(DeadLetterFilter.condition) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
            """)
        return try session.query(statement, filter.parameters).map { row in
            Group(
                reason: row.text(0), signature: row.text(1), count: row.int(2), users: row.int(3),
                first: row.timestamp(4), last: row.timestamp(5))
        }
    }

    package func show(_ request: UUID) throws(PostgresError) -> DeadLetter? {
        let statement = PostgresStatement(
            "SELECT \(DeadLetter.columns) FROM dead_letters WHERE request_id = $1")
        return try session.query(statement, [.uuid(request)]).first.map { DeadLetter($0) }
    }

    /// Gives up those of `requests` that wait; gives how many. They stay in the table, as dropped.
    package func drop(_ requests: [UUID], by actor: String) throws(PostgresError) -> Int {
        let drop = PostgresStatement(
            """
            UPDATE dead_letters SET state = 'dropped', state_at = now()
            WHERE request_id = ANY($1::uuid[]) AND state IN ('dead', 'superseded')
            """)
        try session.begin()
        let dropped: Int
        do throws(PostgresError) {
            try session.send(drop, [.array(.uuids(requests))])
            dropped = try session.sync()[1].affected
            try audit("dead.drop", by: actor, detail: DeadLetters.detail(requests, extra: []))
            try session.query(PostgresStatement("COMMIT"))
        } catch { throw rolledBack(error) }
        return dropped
    }

    /// Writes what an operator did.
    /// - Parameter detail: a JSON object.
    package func audit(_ action: String, by actor: String, detail: [UInt8]) throws(PostgresError) {
        try session.query(
            PostgresStatement("INSERT INTO audit (actor, action, detail) VALUES ($1, $2, $3)"),
            [.text(actor), .text(action), .jsonb(detail)])
    }

    func rolledBack(_ error: PostgresError) -> PostgresError {
        // A session that is closed has no transaction left.
        if session.isOpen { try? session.rollback() }
        return error
    }

    static func detail(_ requests: [UUID], extra: [(StaticString, Bool)]) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + requests.count * 40)
        json.beginObject()
        json.key("requests")
        json.beginArray()
        for request in requests { json.uuid(request) }
        json.endArray()
        for (name, flag) in extra {
            json.key(name)
            json.boolean(flag)
        }
        json.endObject()
        return json.bytes
    }
}
