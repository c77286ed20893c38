/// What is on its way through a session of a loop, and what the server owes for it.
///
/// Reads share a transaction, a few at a time: most of what a small read costs the server is beginning and ending one.
/// An error keeps the reads behind it in its transaction from running: they come out as `.skipped`, to be sent again
/// alone. What may write is always alone, and so is what must be prepared first, which others then count on.
struct PostgresPipeline {
    /// What the server is to answer, in order.
    private enum Expected {
        /// That it has dropped a prepared statement.
        case dropping
        case preparation(name: String)
        case statement
        case sync
    }

    /// Reads of one transaction. More would save little, and the first answer comes with the last.
    static let readsTogetherMax = 8

    private var trips = RingBuffer<PostgresTrip>()
    private var expected = RingBuffer<Expected>()
    private var prepared = PreparedStatements()
    /// Answers to the first trips, in the transaction that is being answered.
    private var outcomes: [PostgresOutcome] = []
    /// How many of them have been given out; nil while the transaction is not over.
    private var givenOut: Int?
    /// Why the statement that is answered next could not be prepared.
    private var preparationFailure: PostgresError?

    /// Statements without an answer.
    var waitingCount: Int { trips.count }

    /// By when the oldest statement must be answered: answers come in order, so no other can be late before it.
    var firstDeadline: LoopInstant? { trips.withFirst { $0.deadline } }

    /// Puts statements into libpq's output; throws when the session is lost, and then owes them all the same.
    mutating func send(
        _ leaving: [PostgresTrip], through handle: PostgresHandle, prepares: Bool
    ) throws(PostgresError) {
        for trip in leaving { trips.append(trip) }
        var together = 0
        for trip in leaving {
            let name = prepares ? trip.statement.name : nil
            let use = name.map { prepared.use($0) } ?? .isPrepared
            let isAlone = !trip.isRead || trip.isAlone || use != .isPrepared
            if together == Self.readsTogetherMax || (isAlone && together > 0) {
                try sync(handle)
                together = 0
            }
            if case .prepare(let dropped) = use, let name {
                try prepare(name, trip, dropping: dropped, handle)
            }
            expected.append(.statement)
            if let name {
                try handle.sendPrepared(name, trip.parameters)
            } else {
                try handle.send(trip.statement.sql, trip.parameters)
            }
            together += 1
            if isAlone {
                try sync(handle)
                together = 0
            }
        }
        if together > 0 { try sync(handle) }
    }

    private mutating func prepare(
        _ name: String, _ trip: PostgresTrip, dropping dropped: String?, _ handle: PostgresHandle
    ) throws(PostgresError) {
        if let dropped {
            expected.append(.dropping)
            try handle.send("DEALLOCATE \"\(dropped)\"", [])
        }
        expected.append(.preparation(name: name))
        try handle.sendPrepare(name, trip.statement.sql, trip.parameters)
    }

    private mutating func sync(_ handle: PostgresHandle) throws(PostgresError) {
        expected.append(.sync)
        try handle.sendSync()
    }

    /// Takes what the server says; true when a transaction is over: then `nextFinished` gives its statements. Throws
    /// when the session is over.
    mutating func take(_ answer: PostgresAnswer) throws(PostgresError) -> Bool {
        switch answer {
        case .end: break
        case .rows(let rows): note(.rows(rows))
        case .skipped: note(.skipped)
        case .failure(let error):
            guard case .server(let refusal) = error, !refusal.isFatal else { throw error }
            note(.failure(error))
        case .sync:
            guard case .sync? = expected.popFirst(), outcomes.count <= trips.count else {
                throw .disconnected("out of step")
            }
            givenOut = 0
            return true
        }
        return false
    }

    private mutating func note(_ outcome: PostgresOutcome) {
        switch expected.first {
        case .dropping?: _ = expected.popFirst()
        case .preparation(let name)?:
            _ = expected.popFirst()
            if case .rows = outcome { return }
            prepared.remove(name)
            if case .failure(let error) = outcome { preparationFailure = error }
        case .statement?:
            _ = expected.popFirst()
            outcomes.append(preparationFailure.map { .failure($0) } ?? outcome)
            preparationFailure = nil
        case .sync?, nil:
            // The end of the transaction itself was refused: nothing in it counts.
            if case .failure = outcome { outcomes = outcomes.map { _ in outcome } }
        }
    }

    /// The next statement of the transaction that is over. One at a time, so that whoever is told may do what it likes
    /// with this session.
    mutating func nextFinished() -> (PostgresTrip, PostgresOutcome)? {
        guard let place = givenOut else { return nil }
        guard place < outcomes.count, let trip = trips.popFirst() else {
            givenOut = nil
            outcomes.removeAll(keepingCapacity: true)
            return nil
        }
        givenOut = place + 1
        return (trip, outcomes[place])
    }

    /// Forgets everything for a new session; gives the statements that were not answered.
    mutating func removeAll() -> [PostgresTrip] {
        prepared.removeAll()
        outcomes.removeAll()
        givenOut = nil
        preparationFailure = nil
        _ = expected.removeAll()
        return trips.removeAll()
    }
}
