internal import Shared
internal import Synchronization

/// Tells an operator, in the log, why a store does not serve and when it does again: each trouble once, and again every
/// half minute while it lasts, however many loops meet it. Any thread.
final class ConnectionLog: Sendable {
    private struct State {
        var trouble: String?
        var toldAt: Timestamp?
    }

    private static let repeatAfter: Duration = .seconds(30)

    private let store: String
    private let log: Log
    private let clock: @Sendable () -> Timestamp
    private let state = Mutex(State())

    init(_ store: String, log: Log, clock: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.log = log
        self.clock = clock
    }

    /// A connection was lost, refused or could not be made, or a command was refused.
    func note(_ trouble: String, remedy: String?) {
        let now = clock()
        let isNew = state.withLock { state in
            if state.trouble == trouble, let toldAt = state.toldAt, now - toldAt < Self.repeatAfter {
                return false
            }
            state.trouble = trouble
            state.toldAt = now
            return true
        }
        guard isNew else { return }
        var fields: [LogField] = [.text("store", store), .text("error", trouble)]
        if let remedy { fields.append(.text("remedy", remedy)) }
        log.write(.warn, "a store does not serve", fields)
    }

    /// A connection was made.
    func noteServing() {
        let hadTrouble = state.withLock { state in
            defer { state = State() }
            return state.trouble != nil
        }
        if hadTrouble { log.info("a store serves again", .text("store", store)) }
    }
}

extension ConnectionLog {
    /// What a Redis connection reports to.
    var redis: @Sendable (RedisError?) -> Void {
        { [self] error in
            guard let error else { return noteServing() }
            if case .refused(let refusal) = error {
                note(error.description, remedy: refusal.remedy)
            } else {
                note(error.description, remedy: nil)
            }
        }
    }

    /// What a PostgreSQL session reports to.
    var postgres: @Sendable (PostgresError?) -> Void {
        { [self] error in
            if let error { note("\(error)", remedy: nil) } else { noteServing() }
        }
    }
}
