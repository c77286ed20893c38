import Shared

extension CommandFailure {
    /// What a failed statement is to an operator.
    init(_ error: PostgresError) {
        switch error.state {
        case "42P01", "3F000": self = .failed("\(error): run tasklane migrate first")
        case "42501": self = .failed("\(error): connect as the owner of the tables (DATABASE_URL)")
        case .some: self = .failed("\(error): tasklane doctor looks further")
        case nil:
            self = .failed(
                "\(error): check DATABASE_URL (tasklane config) and that PostgreSQL runs (tasklane doctor)")
        }
    }
}

extension Session {
    /// A session of the command's own. Its statements may take long: an operator looks at all there is.
    func postgres(_ configuration: Configuration) throws(CommandFailure) -> PostgresConnection {
        var options = PostgresOptions(
            url: configuration.databaseURL, applicationName: "tasklane",
            preparedStatements: configuration.preparedStatements)
        options.statementTimeout = .seconds(600)
        options.replyTimeout = .seconds(605)
        // The advisory lock of a migration that runs elsewhere, or a table that is busy: an operator waits.
        options.lockTimeout = .seconds(60)
        do throws(PostgresError) { return try PostgresConnection(options) } catch {
            throw CommandFailure(error)
        }
    }
}

extension PostgresConnection {
    /// One statement in a trip of its own, its failure as an operator's.
    @discardableResult
    func ask(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) throws(CommandFailure) -> PostgresRows {
        do throws(PostgresError) {
            return try query(PostgresStatement(sql), parameters)
        } catch { throw CommandFailure(error) }
    }
}
