/// A session with PostgreSQL that is made at its first use, and made again after it broke. One thread.
package final class LazySession {
    private let options: PostgresOptions
    private var session: PostgresConnection?

    package init(_ options: PostgresOptions) { self.options = options }

    /// Lends the session. A session that turns out to be dead is replaced at the next call, not within this one: what
    /// it was asked may have been done.
    package func with<Value>(
        _ body: (PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        if let session, session.isOpen { return try body(session) }
        let made = try PostgresConnection(options)
        session = made
        return try body(made)
    }

    /// The same for questions, which may be put twice: once more on a new session when the old one was dead.
    package func asking<Value>(
        _ body: (PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        let wasOpen = session?.isOpen ?? false
        do throws(PostgresError) { return try with(body) } catch {
            // A server that goes away politely says so (FATAL 57P01) instead of just hanging up.
            guard wasOpen, error != .timeout, session?.isOpen != true else { throw error }
            return try with(body)
        }
    }
}
