/// Every setting of DESIGN.md §6, read once at start (and again at SIGHUP).
package struct Configuration: Sendable {
    package var databaseURL = "postgresql:///tasklane"
    package var redisURL = "redis://127.0.0.1:6379/0"
    package var betterAuthSecret: String?
    /// `kid2:new,kid1:old`, checked and taken apart by the authenticator.
    package var jwtSecrets: String?
    package var jwksFile: String?
    package var jwksURL: String?
    package var jwtIssuer: String?
    package var jwtAudience: String?
    package var listen = "127.0.0.1:8080"
    package var connectionsMax = 20000
    package var adminListen = "127.0.0.1:9090"
    package var workerAdminListen = "127.0.0.1:9091"
    package var lanes = 256
    /// Mutations in one transaction at most.
    package var batch = 500
    /// Three drain 1.3 times as fast as two, at the same CPU for each mutation (docs/architecture.md).
    package var appliers = 3
    /// Event loops; 0 means one for each core.
    package var ingestThreads = 0
    package var resultTTL: Duration = .seconds(900)
    package var retentionDays = 7
    package var attemptsMax = 8
    package var laneLimit = 100_000
    package var userRate: UserRate?
    package var defaultWait: Duration = .zero
    package var corsOrigins: [String] = []
    package var waitReplicas = 0
    package var accounts = false
    package var logLevel: LogLevel = .info
    /// Nil: text on a terminal, else JSON.
    package var logFormat: LogFormat?
    /// Off for poolers that give each transaction another session.
    package var preparedStatements = true

    package init() {}
}

/// Mutations of one user: `rate` a second on average, `burst` at once.
package struct UserRate: Equatable, Sendable {
    package let rate: Int
    package let burst: Int

    package init(rate: Int, burst: Int) {
        self.rate = rate
        self.burst = burst
    }
}

/// Everything that is wrong with a configuration, for one message.
package struct ConfigurationFaults: Error, CustomStringConvertible, Sendable {
    /// One line each: the variable, what is wrong, what to do.
    package let faults: [String]

    package init(_ faults: [String]) { self.faults = faults }

    package var description: String {
        "configuration: \(faults.count) fault\(faults.count == 1 ? "" : "s"): "
            + faults.joined(separator: "; ")
    }
}
