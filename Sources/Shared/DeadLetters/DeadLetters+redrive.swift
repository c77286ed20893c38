/// Redriving: mark, push, mark (DESIGN.md §1). A crash between leaves what is marked to `sweep`.
///
/// Many at a time: one by one each costs two commits and a turn of Redis, and ten thousand took minutes under load.
extension DeadLetters {
    /// What became of the redrive of one dead letter.
    package enum Redrive: Equatable, Sendable {
        case pushed
        /// It was redriven before, or is on its way: nothing to do.
        case already
        /// A later change has overtaken it before, and will again: only force applies it. Nothing was pushed.
        case superseded
        /// Dropped, or not there.
        case notWaiting
        /// The queue did not take it for sure; the sweep of the workers will finish it.
        case unfinished
    }

    /// Letters in one go at most: what is marked when a crash comes waits for the sweep.
    package static let redriveMax = 200

    /// Pushes mutations again under their own request ids, in the order of `requests`; answers in that order. One row of
    /// `audit` names those that were marked.
    package func redrive(
        _ requests: [UUID], force: Bool, by actor: String, to queue: any Queue
    ) async throws(PostgresError) -> [Redrive] {
        // An id that was given twice is pushed once.
        var seen: Set<UUID> = []
        let isFirst = requests.map { seen.insert($0).inserted }
        let once = zip(requests, isFirst).filter(\.1).map(\.0)
        let marked = try mark(once, force: force, by: actor)
        let pushed = try await push(once.compactMap { marked[$0] }, force: { _ in force }, to: queue).taken
        let rest = once.filter { marked[$0] == nil }
        let states = try rest.isEmpty ? [:] : self.states(of: rest)
        return zip(requests, isFirst).map { request, isFirst in
            if marked[request] != nil {
                return !isFirst ? .already : pushed.contains(request) ? .pushed : .unfinished
            }
            return switch states[request] {
            case .redriven, .redriving: .already
            case .superseded: .superseded
            case .dropped, .dead, nil: .notWaiting
            }
        }
    }

    /// Finishes redrives that a crash left at their first mark; gives how many. A second push is harmless: the inbox
    /// takes a redrive number once. Throws `QueueError` where any of them is still to be finished.
    package func sweep(_ queue: any Queue, olderThan age: Duration) async throws -> Int {
        let look = PostgresStatement(
            """
            SELECT \(DeadLetter.columns), forced FROM dead_letters
            WHERE state = 'redriving' AND state_at < now() - $1 * interval '1 millisecond' ORDER BY state_at LIMIT 1000
            """)
        let rows = try session.query(look, [.int8(Int64(age / .milliseconds(1)))])
        let forced = Set(rows.filter { $0.bool(13) }.map { $0.uuid(0) })
        let pushed = try await push(rows.map { DeadLetter($0) }, force: { forced.contains($0) }, to: queue)
        if let fault = pushed.fault { throw fault }
        return pushed.taken.count
    }

    /// The first mark, of those that wait for a decision.
    private func mark(
        _ requests: [UUID], force: Bool, by actor: String
    ) throws(PostgresError) -> [UUID: DeadLetter] {
        // Locked in order of id, so that two operators do not wait for each other in a circle (40P01).
        let mark = PostgresStatement(
            """
            UPDATE dead_letters SET state = 'redriving', redrive = redrive + 1, forced = $2, state_at = now()
            WHERE request_id IN (
                SELECT request_id FROM dead_letters
                WHERE request_id = ANY($1::uuid[]) AND (state = 'dead' OR state = 'superseded' AND $2)
                ORDER BY request_id FOR UPDATE)
            RETURNING \(DeadLetter.columns)
            """)
        var marked: [UUID: DeadLetter] = [:]
        try session.begin()
        do throws(PostgresError) {
            try session.send(mark, [.array(.uuids(requests)), .bool(force)])
            for row in try session.sync()[1] { marked[row.uuid(0)] = DeadLetter(row) }
            let ids = requests.filter { marked[$0] != nil }
            if !ids.isEmpty {
                try audit(
                    "dead.redrive", by: actor, detail: DeadLetters.detail(ids, extra: [("force", force)]))
            }
            try session.query(PostgresStatement("COMMIT"))
        } catch { throw rolledBack(error) }
        return marked
    }

    private func states(of requests: [UUID]) throws(PostgresError) -> [UUID: DeadLetter.State] {
        let look = PostgresStatement(
            "SELECT \(DeadLetter.columns) FROM dead_letters WHERE request_id = ANY($1::uuid[])")
        var states: [UUID: DeadLetter.State] = [:]
        for row in try session.query(look, [.array(.uuids(requests))]) {
            states[row.uuid(0)] = DeadLetter(row).state
        }
        return states
    }

    /// Pushes marked letters and marks those that the queue took; gives their ids, and why others are not among them.
    private func push(
        _ letters: [DeadLetter], force: (UUID) -> Bool, to queue: any Queue
    ) async throws(PostgresError) -> (taken: Set<UUID>, fault: QueueError?) {
        guard !letters.isEmpty else { return ([], nil) }
        let reader = JSONReader()
        let entries = letters.map { entry(of: $0, force: force($0.request), reader) }
        let isTaken: [Bool]
        do throws(QueueError) { isTaken = try await queue.push(entries) } catch { return ([], error) }
        let taken = zip(letters, isTaken).filter(\.1).map(\.0)
        try finish(taken)
        return (Set(taken.map(\.request)), taken.count < letters.count ? .full : nil)
    }

    private func entry(of letter: DeadLetter, force: Bool, _ reader: JSONReader) -> RedriveEntry {
        guard var mutation = try? Mutation(entry: letter.payload.span, reader: reader) else {
            // What could not be read goes back as it is: a later build may be able to.
            return RedriveEntry(
                request: letter.request, entry: letter.payload, lane: Lane(letter.lane.index % lanes))
        }
        mutation.redrive = letter.redrive
        mutation.force = force
        return RedriveEntry(
            request: letter.request, entry: mutation.encode(), lane: Lane(of: mutation.user, lanes: lanes))
    }

    /// The second mark. A worker that was quicker has set a state of its own, which stays, or is about to: nobody waits
    /// for it.
    private func finish(_ letters: [DeadLetter]) throws(PostgresError) {
        let mark = PostgresStatement(
            """
            UPDATE dead_letters SET state = 'redriven', state_at = now()
            WHERE request_id IN (
                SELECT letter.request_id FROM dead_letters AS letter
                JOIN unnest($1::uuid[], $2::int2[]) AS pushed(request_id, redrive) USING (request_id, redrive)
                WHERE letter.state = 'redriving' FOR UPDATE OF letter SKIP LOCKED)
            """)
        var redrives = PostgresArray(of: .int2, capacity: letters.count)
        for letter in letters { redrives.append(letter.redrive) }
        try session.query(mark, [.array(.uuids(letters.map(\.request))), .array(redrives)])
    }
}
