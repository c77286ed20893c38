/// Why PostgreSQL did not do what it was asked, or why nobody knows whether it did.
package enum PostgresError: Error, Equatable, Sendable {
    /// No session could be had (refused, bad login, no such database, time-out); nothing was done.
    case unreachable(String)
    /// The session broke; what was in flight may have been done, a COMMIT too.
    case disconnected(String)
    /// No answer in time; the session is closed, and what was in flight may have been done.
    case timeout
    /// The server said no. The session is whole, unless the severity was FATAL.
    case server(PostgresServerError)
    /// As many queries wait as may; nothing was sent.
    case overloaded

    /// The SQLSTATE, where the server gave one.
    package var state: SQLState? {
        if case .server(let error) = self { return error.state }
        return nil
    }
}

/// An error report of the server. `detail` and `message` may hold values of a client: not for an answer.
package struct PostgresServerError: Error, Equatable, Sendable {
    package let state: SQLState
    /// True when the server ended the session with it.
    package var isFatal = false
    package var message = ""
    package var detail: String?
    package var hint: String?
    package var schema: String?
    package var table: String?
    package var column: String?
    package var constraint: String?

    package init(state: SQLState) { self.state = state }
}

extension PostgresError: CustomStringConvertible {
    /// One line for a log, without password.
    package var description: String {
        switch self {
        case .unreachable(let why): "cannot reach PostgreSQL: \(why)"
        case .disconnected(let why): "session with PostgreSQL lost: \(why)"
        case .timeout: "PostgreSQL did not answer in time"
        case .server(let error): "PostgreSQL refused: \(error.message) (SQLSTATE \(error.state))"
        case .overloaded: "too many queries wait for PostgreSQL"
        }
    }
}
