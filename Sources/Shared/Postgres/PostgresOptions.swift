/// Where the database is, who we are to it, and every limit of a session: in this one place.
package struct PostgresOptions: Sendable {
    /// A libpq connection URL or `name=value` string; holds the password, so it is never put into a message.
    package var url: String
    /// What `pg_stat_activity` shows.
    package var applicationName: String
    /// How long making a session may take.
    package var connectTimeout: Duration = .seconds(5)
    /// How long the client waits for one trip, whatever the server promised: a stopped server keeps no promise.
    package var replyTimeout: Duration = .seconds(30)
    /// The server's own limits of one session.
    package var idleInTransactionTimeout: Duration = .seconds(3)
    package var lockTimeout: Duration = .seconds(2)
    package var statementTimeout: Duration = .seconds(20)
    /// False for poolers that give each transaction another session (`TASKLANE_PG_PREPARED=off`): then nothing is
    /// prepared, and the limits above are set in each transaction instead of once.
    package var preparedStatements = true

    /// True for a session whose statements find rows by key alone: joins go by the index, with one plan for all
    /// parameters. Left to itself the planner may hash every partition for each batch (measured: 89 µs a row, not 15).
    package var findsByKey = false

    /// Who looks host names up for a session on an event loop; without it the loop does, and waits.
    package var names: NameLookup?
    /// Told, on an event loop, why its session does not serve, and nil when it does again.
    package var report: (@Sendable (PostgresError?) -> Void)?

    package init(url: String, applicationName: String, preparedStatements: Bool = true) {
        self.url = url
        self.applicationName = applicationName
        self.preparedStatements = preparedStatements
    }

    /// Sets the limits, for the session or for the transaction that is open.
    var limits: PostgresStatement {
        let scope = preparedStatements ? "false" : "true"
        let limits = [
            ("idle_in_transaction_session_timeout", idleInTransactionTimeout), ("lock_timeout", lockTimeout),
            ("statement_timeout", statementTimeout),
        ]
        var values = limits.map { ($0.0, String($0.1.milliseconds)) }
        if findsByKey {
            values += [
                ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("enable_seqscan", "off"),
                ("jit", "off"),
                ("plan_cache_mode", "force_generic_plan"),
            ]
        }
        let calls = values.map { "set_config('\($0.0)', '\($0.1)', \(scope))" }
        return PostgresStatement("SELECT " + calls.joined(separator: ", "))
    }

    /// Keywords for libpq, weakest first: what the URL says itself counts more than our defaults.
    var keywords: [(String, String)] {
        [
            ("tcp_user_timeout", "15000"), ("keepalives_idle", "15"), ("keepalives_interval", "5"),
            ("keepalives_count", "3"), ("fallback_application_name", applicationName),
            ("dbname", url), ("client_encoding", "UTF8"),
        ]
    }
}
