/// One row of `dead_letters`: a mutation that was set aside, and why.
package struct DeadLetter: Equatable, Sendable {
    /// Raw values are those of the table.
    package enum State: String, CaseIterable, Sendable {
        case dead, redriving, redriven, superseded, dropped

        /// Somebody still has to decide.
        package var isWaiting: Bool { self == .dead || self == .redriving || self == .superseded }
    }

    package let request: UUID
    /// Nil for what could not be decoded.
    package let user: UserID?
    package let lane: Lane
    package let operation: Mutation.Operation?
    package let task: UUID?
    /// Of the task when the mutation died.
    package let taskVersion: Int32?
    /// `rejected_by_database`, `attempts_exhausted`, `undecodable`, `poison`, `backlog` or `expired`.
    package let reason: String
    /// Equal causes have equal signatures.
    package let signature: String
    /// The lane entry as it was received.
    package let payload: [UInt8]
    /// A JSON array of `{"at","worker","sqlstate","message"}`, oldest first.
    package let attempts: [UInt8]
    package let state: State
    /// How often it was redriven.
    package let redrive: Int16
    package let deadAt: Timestamp
}

extension DeadLetter {
    /// The columns that `init(_ row:)` reads, in its order.
    static let columns = """
        request_id, user_id, lane, operation, task_id, task_version, reason, signature, payload, attempts, state, \
        redrive, dead_at
        """

    init(_ row: PostgresRow) {
        request = row.uuid(0)
        user = row.optionalBytes(1).flatMap { UserID($0) }
        lane = Lane(row.int(2))
        operation = row.optionalInt(3).flatMap { Mutation.Operation(rawValue: UInt8($0)) }
        task = row.optionalUUID(4)
        taskVersion = row.optionalInt(5).map { Int32($0) }
        reason = row.text(6)
        signature = row.text(7)
        payload = row.bytes(8)
        attempts = row.bytes(9)
        // The table's CHECK knows the same words.
        state = State(rawValue: row.text(10)) ?? .dead
        redrive = Int16(row.int(11))
        deadAt = row.timestamp(12)
    }
}

/// Which dead letters are meant: those that fit everything that is given.
package struct DeadLetterFilter: Equatable, Sendable {
    /// Nil means any; an empty list means none.
    package var requests: [UUID]?
    package var reason: String?
    package var user: UserID?
    package var signature: String?
    /// Died at or after this time.
    package var since: Timestamp?
    /// Nil means those that wait for a decision.
    package var states: [DeadLetter.State]?

    package init(
        requests: [UUID]? = nil, reason: String? = nil, user: UserID? = nil, signature: String? = nil,
        since: Timestamp? = nil, states: [DeadLetter.State]? = nil
    ) {
        self.requests = requests
        self.reason = reason
        self.user = user
        self.signature = signature
        self.since = since
        self.states = states
    }

    /// The condition, whose parameters begin at $1 and are `parameters`.
    static let condition = """
        ($1::uuid[] IS NULL OR request_id = ANY($1::uuid[])) AND ($2::text IS NULL OR reason = $2)
        AND ($3::text IS NULL OR user_id = $3) AND ($4::text IS NULL OR signature = $4)
        AND ($5::timestamptz IS NULL OR dead_at >= $5) AND state = ANY($6::text[])
        """

    var parameters: [PostgresParameter] {
        let states = states ?? DeadLetter.State.allCases.filter(\.isWaiting)
        return [
            requests.map { .array(.uuids($0)) } ?? .text(nil), .text(reason), .utf8(user?.bytes),
            .text(signature), .timestamp(since), .array(.texts(states.map(\.rawValue))),
        ]
    }
}
