import Shared

/// The ledger on PostgreSQL: two trips for a batch of any size, each statement with its own READ COMMITTED snapshot.
/// Blocks its thread; makes its session at the first use, and a new one after each loss.
final class PostgresLedger: Ledger {
    /// The first key of our advisory locks, "task" in ASCII: lanes are the second.
    static let lockSpace: Int32 = 0x7461_736B

    private let options: PostgresOptions
    private var session: PostgresConnection?
    private var isOpen = false
    /// The transaction waits to be sent with its commit.
    private var isUnsent = false
    private var users = SeenUsers()

    init(_ options: PostgresOptions) { self.options = options }

    func connect() async throws(LedgerError) {
        if let session, session.isOpen { return }
        isOpen = false
        do throws(PostgresError) {
            session = try PostgresConnection(options)
        } catch { throw .unreachable(DatabaseFault(error)) }
    }

    func begin(_ wants: LedgerWants) async throws(LedgerError) -> LedgerRows {
        guard let session else { preconditionFailure("connect comes first") }
        precondition(!isOpen, "one transaction at a time")
        isOpen = true
        do throws(PostgresError) {
            try session.begin(Statements.begin)
            try sendReads(wants, session)
            // One trip for the whole transaction: what was to be waited for is the lock, and the writes wait as well.
            isUnsent = wants.isNothing
            return isUnsent ? LedgerRows() : rows(wants, try session.sync())
        } catch { throw outage(error) }
    }

    private func sendReads(_ wants: LedgerWants, _ session: PostgresConnection) throws(PostgresError) {
        try sendLocks(wants.lanes, session)
        if let least = wants.requests.min(), let most = wants.requests.max() {
            try session.send(
                Statements.readKnown, [.array(.uuids(wants.requests)), .uuid(least), .uuid(most)])
        }
        if !wants.tasks.isEmpty { try sendLoad(wants.tasks, session) }
        if !wants.redriven.isEmpty {
            try session.send(Statements.readLetters, [.array(.uuids(wants.redriven))])
        }
        if wants.horizon { try session.send(Statements.readHorizon) }
        if wants.isolating { try session.send(Statements.immediate) }
    }

    private func sendLocks(_ lanes: [Lane], _ session: PostgresConnection) throws(PostgresError) {
        if lanes.count == 1 {
            let lane = Int32(lanes[0].index)
            return try session.send(Statements.lockLane, [.int4(PostgresLedger.lockSpace), .int4(lane)])
        }
        var all = PostgresArray(of: .int4, capacity: lanes.count)
        for lane in lanes { all.append(lane.index) }
        try session.send(Statements.lockLanes, [.int4(PostgresLedger.lockSpace), .array(all)])
    }

    private func sendLoad(_ tasks: [TaskKey], _ session: PostgresConnection) throws(PostgresError) {
        if tasks.count == 1 { return try session.sendLoad(of: tasks[0]) }
        var users = PostgresArray(of: .text, capacity: tasks.count)
        var ids = PostgresArray(of: .uuid, capacity: tasks.count)
        for key in tasks {
            users.append(key.user.bytes)
            ids.append(key.id)
        }
        try session.send(Statements.loadTasks, [.array(users), .array(ids)])
    }

    /// The answers of `begin`'s trip: BEGIN's, the locks', and then what was read.
    private func rows(_ wants: LedgerWants, _ answers: [PostgresRows]) -> LedgerRows {
        var rows = LedgerRows()
        var next = 2
        if !wants.requests.isEmpty {
            for row in answers[next] { rows.known[row.uuid(0)] = KnownRequest(row) }
            next += 1
        }
        if !wants.tasks.isEmpty {
            rows.tasks.reserveCapacity(answers[next].count)
            for row in answers[next] {
                let place = row.int(0) - 1
                rows.tasks.append((place, TaskItem(row, key: wants.tasks[place])))
            }
            next += 1
        }
        if !wants.redriven.isEmpty {
            for row in answers[next] {
                rows.letters[row.uuid(0)] = LetterMark(
                    taskVersion: row.optionalInt(1).map { Int32($0) },
                    taskCreatedAt: row.optionalTimestamp(2))
            }
            next += 1
        }
        if wants.horizon {
            rows.horizon = answers[next].first.flatMap { Int64($0.text(0)) }.map {
                Timestamp(milliseconds: $0)
            }
        }
        return rows
    }

    func commit(_ changes: LedgerChanges, meanwhile: () -> Void) async throws(LedgerError) {
        guard let session else { preconditionFailure("begin comes first") }
        precondition(isOpen, "there is no transaction to commit")
        do throws(PostgresError) {
            let seen = try session.send(changes, users)
            try session.send(Statements.commit)
            try session.dispatch()
            meanwhile()
            _ = try session.receive()
            isOpen = false
            isUnsent = false
            users.note(seen)
        } catch { throw failure(error) }
    }

    func attempt(_ changes: LedgerChanges) async throws(LedgerError) {
        guard let session else { preconditionFailure("begin comes first") }
        precondition(isOpen, "there is no transaction to write in")
        if changes.isEmpty { return }
        do throws(PostgresError) {
            try session.send(Statements.savepoint)
            _ = try session.send(changes, users)
            try session.send(Statements.release)
            try session.sync()
        } catch {
            let failure = classify(error)
            guard case .refused = failure else { throw self.failure(error) }
            do throws(PostgresError) {
                try session.query(Statements.rollbackToSavepoint)
            } catch { throw outage(error) }
            throw failure
        }
    }

    func abandon() async { rollBack() }

    private func rollBack() {
        guard isOpen else { return }
        isOpen = false
        do throws(PostgresError) {
            if isUnsent { try session?.sync() }
            isUnsent = false
            try session?.query(Statements.rollback)
        } catch {
            // A session that cannot even roll back has lost its transaction with itself.
            session?.close()
        }
    }

    // MARK: failures

    /// The transaction is over; says why.
    private func failure(_ error: PostgresError) -> LedgerError {
        let failure = classify(error)
        rollBack()
        return failure
    }

    /// For statements that carry nobody's data: whatever happens there is nobody's fault.
    private func outage(_ error: PostgresError) -> LedgerError {
        let isLost = session?.isOpen != true
        rollBack()
        return .outage(DatabaseFault(error), sessionLost: isLost)
    }

    private func classify(_ error: PostgresError) -> LedgerError {
        let fault = DatabaseFault(error)
        guard case .server(let server) = error, session?.isOpen == true else {
            return .outage(fault, sessionLost: session?.isOpen != true)
        }
        let blame = FailureClass(
            sqlState: fault.sqlState, constraint: fault.constraint, table: server.table ?? "")
        switch blame {
        case .outage: return .outage(fault, sessionLost: false)
        case .overtaken: return .overtaken
        case .mutation(let isRetryable): return .refused(fault, isRetryable: isRetryable)
        }
    }
}

extension DatabaseFault {
    fileprivate init(_ error: PostgresError) {
        if case .server(let server) = error {
            self.init(
                sqlState: server.state.description, message: server.message,
                constraint: server.constraint ?? "")
        } else {
            self.init(sqlState: "", message: error.description)
        }
    }
}

extension KnownRequest {
    fileprivate init(_ row: PostgresRow) {
        let code = row.optionalText(2).flatMap { Verdict.Code(rawValue: $0) }
        verdict = Verdict(
            status: Int16(row.int(1)), code: code, version: row.optionalInt(3).map { Int32($0) })
        redrive = Int16(row.int(4))
    }
}

extension TaskItem {
    fileprivate init(_ row: PostgresRow, key: TaskKey) {
        self.init(
            user: key.user, id: key.id, title: row.bytes(1), description: row.optionalBytes(2),
            completed: row.bool(3), priority: row.optionalInt(4).flatMap { Priority(rawValue: UInt8($0)) },
            dueAt: row.optionalTimestamp(5), version: Int32(row.int(6)), createdAt: row.timestamp(7),
            updatedAt: row.timestamp(8))
    }
}
