/// Statements of an event loop over a few sessions. Confined to its loop.
///
/// What is asked in a turn of the loop leaves at its end. Never waits for a session: where none is open the answer is
/// `.unreachable` at once, so that a read is refused in microseconds while PostgreSQL is away. Sessions that are lost
/// are made again by themselves.
package final class LoopPostgres {
    /// What a caller gets.
    package typealias Completion = (Swift.Result<PostgresRows, PostgresError>) -> Void

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
        for link in links {
            link.sendElsewhere = { [weak self] in self?.sendElsewhere($0) ?? false }
            link.start()
        }
        loop.onTurnEnd { [self] in flush() }
    }

    /// True when at least one session is open.
    package var isConnected: Bool { links.contains { $0.isOpen } }

    /// How many sessions are open.
    package var openCount: Int { links.count { $0.isOpen } }

    /// Statements that wait for an answer: what a readiness check or a metric shows.
    package var waitingCount: Int { links.reduce(0) { $0 + $1.waitingCount } }

    /// Closes all sessions for good; what waits is told.
    package func stop() { for link in links { link.stop() } }

    /// Reads; `completion` is called once, on the loop. Where the session is lost before the answer, it is asked once
    /// more on another one. Reads of a turn may share a transaction, each with its own snapshot.
    package func read(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter], _ completion: @escaping Completion
    ) {
        send(PostgresTrip(statement, parameters, isRead: true, completion))
    }

    /// Reads, and waits for the rows.
    package func query(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        let latch = Latch<Swift.Result<PostgresRows, PostgresError>>(on: loop)
        read(statement, parameters) { latch.fulfil($0) }
        return try await latch.value().get()
    }

    /// Runs a statement that may write, in a transaction of its own: never sent twice. After `.disconnected` or
    /// `.timeout` it may have run.
    package func execute(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        let latch = Latch<Swift.Result<PostgresRows, PostgresError>>(on: loop)
        send(PostgresTrip(statement, parameters, isRead: false) { latch.fulfil($0) })
        return try await latch.value().get()
    }

    private func send(_ trip: PostgresTrip) {
        loop.assertOnLoop()
        guard let link = nextLink() else {
            return trip.completion?(.failure(.unreachable("not connected"))) ?? ()
        }
        guard waitingCount < waitingMax else { return trip.completion?(.failure(.overloaded)) ?? () }
        link.gather(trip)
    }

    /// The session that has begun to gather in this turn, until it has a transaction full; else the one for which the
    /// fewest wait: together statements cost less, and none is to wait long for others.
    private func nextLink() -> PostgresLink? {
        var best: PostgresLink?
        for link in links where link.isOpen {
            if (1..<PostgresPipeline.readsTogetherMax).contains(link.gatheredCount) { return link }
            guard let found = best, found.waitingCount <= link.waitingCount else {
                best = link
                continue
            }
        }
        return best
    }

    private func sendElsewhere(_ trip: PostgresTrip) -> Bool {
        guard let link = nextLink() else { return false }
        link.gather(trip)
        return true
    }

    /// The loop calls it at the end of each turn. A session that turns out to be lost hands its reads to another one,
    /// which may have had its turn: hence until nothing is left.
    private func flush() {
        while links.contains(where: { $0.gatheredCount > 0 && $0.isOpen }) {
            for link in links { link.flush() }
        }
    }
}
