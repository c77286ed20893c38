/// Statements of an event loop over a few sessions, each a transaction of its own. Confined to its loop.
///
/// Never waits for a session: where none is open the answer is `.unreachable` at once, so that a read is refused in
/// microseconds while PostgreSQL is away. Sessions that are lost are made again by themselves.
package final class LoopPostgres {
    private let links: [PostgresLink]
    private let loop: EventLoop
    private let waitingMax: Int

    /// - Parameter sessions: how many connections this loop holds; statements are pipelined on each.
    /// - Parameter waitingMax: statements without an answer, in all; more are refused with `.overloaded`.
    package init(loop: EventLoop, options: PostgresOptions, sessions: Int = 2, waitingMax: Int = 1024) {
        precondition(sessions > 0, "at least one session")
        self.loop = loop
        self.waitingMax = waitingMax
        links = (0..<sessions).map { _ in PostgresLink(loop: loop, options: options) }
        for link in links { link.start() }
    }

    /// True when at least one session is open.
    package var isConnected: Bool { links.contains { $0.isOpen } }

    /// How many sessions are open.
    package var openCount: Int { links.count { $0.isOpen } }

    /// Statements that wait for an answer: what a readiness check or a metric shows.
    package var waitingCount: Int { links.reduce(0) { $0 + $1.waitingCount } }

    /// Closes all sessions for good; what waits is told.
    package func stop() { for link in links { link.stop() } }

    /// Reads. Where the session is lost before the answer, it is asked once more on another one, so a restart of
    /// PostgreSQL is noticed by those alone who come while it is away.
    package func query(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        do throws(PostgresError) {
            return try await execute(statement, parameters)
        } catch {
            guard error.isLostSession, isConnected else { throw error }
            return try await execute(statement, parameters)
        }
    }

    /// Runs a statement that may write: never sent twice. After `.disconnected` or `.timeout` it may have run.
    package func execute(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        loop.assertOnLoop()
        let open = links.lazy.filter(\.isOpen)
        guard let link = open.min(by: { $0.waitingCount < $1.waitingCount }) else {
            throw .unreachable("not connected")
        }
        guard waitingCount < waitingMax else { throw .overloaded }
        let latch = Latch<Swift.Result<PostgresRows, PostgresError>>(on: loop)
        link.send(statement, parameters) { latch.fulfil($0) }
        return try await latch.value().get()
    }
}

extension PostgresError {
    /// True when the session ended before the answer, be it with the server's last words (57P01 and its like).
    fileprivate var isLostSession: Bool {
        switch self {
        case .disconnected: true
        case .server(let error): error.isFatal
        case .unreachable, .timeout, .overloaded: false
        }
    }
}
