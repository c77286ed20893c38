internal import CSystem

/// A session for blocking code, in trips: queue statements, send them in one flush, read their answers in order.
///
/// ```
/// try session.begin()
/// try session.send(lockLanes, [.array(keys)])
/// try session.send(loadTasks, [.array(ids)])
/// let answers = try session.sync()          // [BEGIN's, lockLanes', loadTasks'] after one round trip
/// ```
/// An error in a trip skips the rest of the trip; `sync` throws it when the whole trip is answered. An open
/// transaction has then failed: `rollback()`. After any error but `.server` the session is closed and stays so, as
/// after a fatal one: make a new one. Every call has a time limit. One thread at a time.
package final class PostgresConnection {
    /// What the server is to answer, in order.
    private enum Expected {
        case statement
        case preparation(name: String)
        /// A statement of our own, whose answer nobody asked for.
        case limits
        case sync
    }

    private var handle: PostgresHandle?
    private let options: PostgresOptions
    private var expected: [Expected] = []
    private var prepared: Set<String> = []

    /// Makes a session and sets its limits.
    package init(_ options: PostgresOptions) throws(PostgresError) {
        self.options = options
        let deadline = Deadline.after(options.connectTimeout)
        let handle = try PostgresHandle(connectingTo: options)
        var progress = PostgresHandle.Progress.writing
        while progress != .done {
            let isReady = wait(
                handle, reading: progress == .reading, writing: progress == .writing, until: deadline)
            guard isReady else { throw .unreachable("time-out") }
            progress = try handle.connect()
        }
        self.handle = handle
        if options.preparedStatements { try query(options.limits) }
    }

    /// False once an error has closed it.
    package var isOpen: Bool { handle != nil }

    /// The server's version, such as 150004; 0 when closed.
    package var serverVersion: Int { handle?.serverVersion ?? 0 }

    /// Queues a statement; its answer comes with the trip's `sync`.
    package func send(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) throws(PostgresError) {
        guard let handle else { throw .disconnected("it was closed before") }
        do throws(PostgresError) {
            guard options.preparedStatements, let name = statement.name else {
                try handle.send(statement.sql, parameters)
                expected.append(.statement)
                return
            }
            if !prepared.contains(name) {
                try handle.sendPrepare(name, statement.sql, parameters)
                expected.append(.preparation(name: name))
                // Twice in one trip is prepared once; if it fails, its answer takes the name out again.
                prepared.insert(name)
            }
            try handle.sendPrepared(name, parameters)
            expected.append(.statement)
        } catch { throw abandon(error) }
    }

    /// Queues BEGIN, and the session's limits where a pooler gives each transaction another session.
    /// - Parameter statement: BEGIN, with the modes that the caller needs.
    package func begin(
        _ statement: PostgresStatement = PostgresStatement("BEGIN")
    ) throws(PostgresError) {
        try send(statement)
        guard !options.preparedStatements, let handle else { return }
        do throws(PostgresError) { try handle.send(options.limits.sql, []) } catch { throw abandon(error) }
        expected.append(.limits)
    }

    /// Queues COMMIT: the last statement of a trip.
    package func commit() throws(PostgresError) { try send(PostgresStatement("COMMIT")) }

    /// Ends the open transaction without effect, in a trip of its own.
    package func rollback() throws(PostgresError) { try query(PostgresStatement("ROLLBACK")) }

    /// Ends a trip and sends it; returns without waiting for the answers, which `receive` reads.
    package func dispatch() throws(PostgresError) {
        try mark()
        try flush(until: .after(options.replyTimeout))
    }

    /// Ends a trip without sending it yet: several trips may share one flush, each with its own errors.
    package func mark() throws(PostgresError) {
        guard let handle else { throw .disconnected("it was closed before") }
        do throws(PostgresError) { try handle.sendSync() } catch { throw abandon(error) }
        expected.append(.sync)
    }

    /// Sends the trip and waits for its answers: one for each `send`, `begin` and `commit`, in order.
    @discardableResult
    package func sync() throws(PostgresError) -> [PostgresRows] {
        try dispatch()
        return try receive()
    }

    /// Runs one statement in a trip of its own.
    @discardableResult
    package func query(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) throws(PostgresError) -> PostgresRows {
        precondition(expected.isEmpty, "a trip is under way")
        try send(statement, parameters)
        let answers = try sync()
        return answers[0]
    }

    /// Runs statements of SQL with `;` between them, without parameters and rows, in one transaction of their own
    /// unless they say otherwise: migrations.
    package func script(_ sql: String) throws(PostgresError) {
        precondition(expected.isEmpty, "a trip is under way")
        guard let handle else { throw .disconnected("it was closed before") }
        var failure: PostgresError?
        do throws(PostgresError) {
            try handle.sendScript(sql)
            let deadline = Deadline.after(options.replyTimeout)
            try flush(until: deadline)
            answers: while true {
                switch try answer(until: deadline) {
                case .end: break answers
                case .failure(let error): failure = failure ?? error
                case .rows, .skipped, .sync: continue
                }
            }
            guard !handle.isBroken else { throw failure ?? .disconnected(handle.message) }
            try handle.endScript()
        } catch { throw abandon(error) }
        if let failure { throw failure }
    }

    /// Ends the session.
    package func close() {
        handle = nil
        expected = []
        prepared = []
    }

    /// The answers of the oldest trip that was dispatched.
    package func receive() throws(PostgresError) -> [PostgresRows] {
        let deadline = Deadline.after(options.replyTimeout)
        var rows: [PostgresRows] = []
        var failure: PostgresError?
        do throws(PostgresError) {
            try flush(until: deadline)
            while let next = expected.first {
                expected.removeFirst()
                if case .sync = next {
                    guard case .sync = try answer(until: deadline) else { throw .disconnected("out of step") }
                    break
                }
                let given = try answerOfStatement(until: deadline, &failure)
                switch next {
                case .preparation(let name): if given == nil { prepared.remove(name) }
                case .statement: if let given { rows.append(given) }
                case .limits, .sync: break
                }
            }
        } catch { throw abandon(failure ?? error) }
        if let failure { throw failure }
        return rows
    }

    /// What one statement gave; nil when it failed or was skipped. Throws when the session is over.
    private func answerOfStatement(
        until deadline: Deadline, _ failure: inout PostgresError?
    ) throws(PostgresError) -> PostgresRows? {
        var rows: PostgresRows?
        while true {
            switch try answer(until: deadline) {
            case .rows(let given): rows = given
            case .failure(let error):
                failure = failure ?? error
                if handle?.isBroken != false { throw error }
                if case .server(let refusal) = error, refusal.isFatal { throw error }
            case .skipped: rows = nil
            case .end: return rows
            case .sync: throw .disconnected("out of step")
            }
        }
    }

    private func answer(until deadline: Deadline) throws(PostgresError) -> PostgresAnswer {
        guard let handle else { throw .disconnected("it was closed before") }
        while handle.isBusy {
            guard wait(handle, reading: true, writing: false, until: deadline) else { throw .timeout }
            try handle.consume()
        }
        return handle.next()
    }

    /// Writes what is queued, and reads meanwhile: two full sockets would wait for each other for ever.
    private func flush(until deadline: Deadline) throws(PostgresError) {
        guard let handle else { throw .disconnected("it was closed before") }
        do throws(PostgresError) {
            while try !handle.flush() {
                guard wait(handle, reading: true, writing: true, until: deadline) else { throw .timeout }
                try handle.consume()
            }
        } catch { throw abandon(error) }
    }

    private func abandon(_ error: PostgresError) -> PostgresError {
        close()
        return error
    }
}

/// Waits until libpq's socket can be read or written; false when the deadline passed first.
private func wait(_ handle: PostgresHandle, reading: Bool, writing: Bool, until deadline: Deadline) -> Bool {
    let events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0)
    while true {
        var entry = pollfd(fd: handle.descriptor, events: Int16(events), revents: 0)
        let status = unsafe poll(&entry, 1, deadline.pollMilliseconds)
        if status > 0 { return true }
        if status == 0 && deadline.hasPassed { return false }
        // Anything but an interruption is libpq's to find out.
        if status < 0 && tl_errno() != EINTR { return true }
    }
}
