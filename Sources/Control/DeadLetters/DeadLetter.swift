import Shared

/// One row of `dead_letters`, as operators see it.
struct DeadLetter {
    let id: UUID
    let user: String?
    let lane: Int
    let operation: String?
    let task: UUID?
    let reason: String
    let signature: String
    let attempts: AttemptRecord
    let state: String
    let redrive: Int
    let deadAt: Timestamp
    let stateAt: Timestamp
    let payload: [UInt8]

    private static let columns = """
        request_id, user_id, lane, operation, task_id, reason, signature, attempts, state, redrive, dead_at, state_at,
        payload
        """

    private init(_ row: PostgresRow, reader: JSONReader) {
        id = row.uuid(0)
        user = row.optionalText(1)
        lane = row.int(2)
        operation = row.optionalInt(3).flatMap { UInt8(exactly: $0) }
            .flatMap { Mutation.Operation(rawValue: $0) }.map { "\($0.qualifiedName)" }
        task = row.optionalUUID(4)
        reason = row.text(5)
        signature = row.text(6)
        attempts = AttemptRecord(row.bytes(7), reader: reader)
        state = row.text(8)
        redrive = row.int(9)
        deadAt = row.timestamp(10)
        stateAt = row.timestamp(11)
        payload = row.bytes(12)
    }

    /// The one with this id, or nil.
    static func find(_ id: UUID, _ postgres: PostgresConnection) throws(CommandFailure) -> DeadLetter? {
        let rows = try postgres.ask(
            "SELECT \(columns) FROM dead_letters WHERE request_id = $1", [.uuid(id)])
        return rows.first.map { DeadLetter($0, reader: JSONReader(depthMax: 32)) }
    }

    /// Calls `body` with each that the filter lets through, the oldest first, a thousand at a time, until it answers
    /// false.
    static func forEach(
        _ filter: DeadLetterFilter, _ postgres: PostgresConnection,
        _ body: (DeadLetter) throws(CommandFailure) -> Bool
    ) throws(CommandFailure) {
        let reader = JSONReader(depthMax: 32)
        var (condition, parameters) = filter.condition
        let fixed = parameters.count
        parameters += [.timestamp(Timestamp(micros: 0)), .uuid(UUID(high: 0, low: 0))]
        let sql = """
            SELECT \(columns) FROM dead_letters WHERE \(condition) AND (dead_at, request_id) > ($\(fixed + 1), $\(fixed + 2))
            ORDER BY dead_at, request_id LIMIT 1000
            """
        while true {
            let rows = try postgres.ask(sql, parameters)
            for place in 0..<rows.count {
                let letter = DeadLetter(rows[place], reader: reader)
                parameters[fixed] = .timestamp(letter.deadAt)
                parameters[fixed + 1] = .uuid(letter.id)
                guard try body(letter) else { return }
            }
            if rows.count < 1000 { return }
        }
    }

    static func count(_ filter: DeadLetterFilter, _ postgres: PostgresConnection) throws(CommandFailure)
        -> Int
    {
        let (condition, parameters) = filter.condition
        return try postgres.ask("SELECT count(*) FROM dead_letters WHERE \(condition)", parameters).first?
            .int(0) ?? 0
    }

    func encode(to json: inout JSONWriter) {
        json.member("request_id", id)
        json.member("user_id", user)
        json.member("lane", lane)
        json.member("operation", operation)
        json.key("task_id")
        if let task { json.uuid(task) } else { json.null() }
        json.member("reason", reason)
        json.member("signature", signature)
        json.member("attempts", attempts.attempts.count)
        json.member("last_error", attempts.lastError)
        json.member("state", state)
        json.member("dead_at", deadAt)
    }
}
