extension Configuration {
    /// Reads and checks every setting. The faults are returned beside the values, so that a daemon can add its own
    /// (secrets, addresses) and report all of them at once.
    package static func read(_ environment: Environment) -> (configuration: Configuration, faults: [String]) {
        var reader = SettingReader(environment: environment)
        var it = Configuration()
        it.databaseURL = reader.text("DATABASE_URL") ?? it.databaseURL
        if !it.databaseURL.hasPrefix("postgresql://") && !it.databaseURL.hasPrefix("postgres://") {
            reader.fault("DATABASE_URL", "is no PostgreSQL URL", "write postgresql://user@host/database")
        }
        it.redisURL = reader.text("REDIS_URL") ?? it.redisURL
        if !["redis://", "rediss://", "unix://"].contains(where: { it.redisURL.hasPrefix($0) }) {
            reader.fault(
                "REDIS_URL", "has no known scheme",
                "write redis://host:port, rediss://host:port or unix:///path")
        }
        it.betterAuthSecret = reader.text("BETTER_AUTH_SECRET")
        it.jwtSecrets = reader.text("TASKLANE_JWT_SECRETS")
        it.jwksFile = reader.text("TASKLANE_JWKS_FILE")
        it.jwksURL = reader.text("TASKLANE_JWKS_URL")
        it.jwtIssuer = reader.text("TASKLANE_JWT_ISSUER")
        it.jwtAudience = reader.text("TASKLANE_JWT_AUDIENCE")
        it.listen = reader.address("TASKLANE_LISTEN") ?? it.listen
        it.adminListen = reader.address("TASKLANE_ADMIN_LISTEN") ?? it.adminListen
        it.workerAdminListen = reader.address("TASKLANE_WORKER_ADMIN_LISTEN") ?? it.workerAdminListen
        readNumbers(&it, &reader)
        it.userRate = reader.userRate("TASKLANE_USER_RATE")
        it.corsOrigins = reader.origins("TASKLANE_CORS_ORIGINS")
        it.accounts = reader.flag("TASKLANE_ACCOUNTS") ?? it.accounts
        it.preparedStatements = reader.flag("TASKLANE_PG_PREPARED") ?? it.preparedStatements
        it.logLevel =
            reader.choice("TASKLANE_LOG", LogLevel.init(name:), "debug, info, warn or error") ?? it.logLevel
        it.logFormat = reader.choice("TASKLANE_LOG_FORMAT", LogFormat.init(rawValue:), "json or text")
        return (it, reader.faults)
    }

    private static func readNumbers(_ it: inout Configuration, _ reader: inout SettingReader) {
        it.connectionsMax = reader.number("TASKLANE_MAX_CONNECTIONS", 1...1_000_000) ?? it.connectionsMax
        it.lanes = reader.number("TASKLANE_LANES", 1...16384) ?? it.lanes
        it.batch = reader.number("TASKLANE_BATCH", 1...10000) ?? it.batch
        it.appliers = reader.number("TASKLANE_APPLIERS", 1...64) ?? it.appliers
        it.ingestThreads = reader.number("TASKLANE_INGEST_THREADS", 1...256) ?? it.ingestThreads
        it.resultTTL =
            reader.number("TASKLANE_RESULT_TTL", 1...2_592_000).map { .seconds($0) } ?? it.resultTTL
        it.retentionDays = reader.number("TASKLANE_RETENTION_DAYS", 1...3650) ?? it.retentionDays
        it.attemptsMax = reader.number("TASKLANE_MAX_ATTEMPTS", 1...100) ?? it.attemptsMax
        it.laneLimit = reader.number("TASKLANE_LANE_LIMIT", 1...100_000_000) ?? it.laneLimit
        it.defaultWait =
            reader.number("TASKLANE_DEFAULT_WAIT_MS", 0...25000).map { .milliseconds($0) } ?? it.defaultWait
        it.waitReplicas = reader.number("TASKLANE_WAIT_REPLICAS", 0...16) ?? it.waitReplicas
    }
}

/// Reads single settings and collects what is wrong with them.
private struct SettingReader {
    let environment: Environment
    var faults: [String] = []

    init(environment: Environment) { self.environment = environment }

    mutating func fault(_ name: String, _ what: String, _ remedy: String) {
        faults.append("\(name) \(what): \(remedy)")
    }

    func text(_ name: String) -> String? { environment.value(name) }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let text = text(name) else { return nil }
        let digits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits, let value = Int(text), range.contains(value) else {
            fault(
                name, "is \"\(text)\"", "write a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
            return nil
        }
        return value
    }

    mutating func flag(_ name: String) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "on", "true", "1", "yes": return true
        case "off", "false", "0", "no": return false
        case .some(let text):
            fault(name, "is \"\(text)\"", "write on or off")
            return nil
        }
    }

    mutating func choice<Value>(_ name: String, _ read: (String) -> Value?, _ choices: String) -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = read(text) else {
            fault(name, "is \"\(text)\"", "write \(choices)")
            return nil
        }
        return value
    }

    mutating func address(_ name: String) -> String? {
        guard let text = text(name) else { return nil }
        if text.hasPrefix("unix:/") { return text }
        let colon = text.utf8.lastIndex(of: UInt8(ascii: ":"))
        guard let colon, colon != text.startIndex, let port = UInt16(text[text.index(after: colon)...]) else {
            fault(name, "is \"\(text)\"", "write ADDRESS:PORT (127.0.0.1:8080, [::1]:8080) or unix:/path")
            return nil
        }
        _ = port
        return text
    }

    /// `100/s:200` = rate:burst; the burst may be left out and is then twice the rate.
    mutating func userRate(_ name: String) -> UserRate? {
        guard let text = text(name), text != "off" else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if (1...2).contains(parts.count), parts[0].hasSuffix("/s"), let rate = Int(parts[0].dropLast(2)),
            rate > 0,
            let burst = parts.count == 2 ? Int(parts[1]) : rate * 2, burst > 0
        {
            return UserRate(rate: rate, burst: burst)
        }
        fault(name, "is \"\(text)\"", "write RATE/s:BURST, such as 100/s:200, or off")
        return nil
    }

    mutating func origins(_ name: String) -> [String] {
        guard let text = text(name) else { return [] }
        let origins = text.split(separator: ",").map { part in
            String(part.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed())
        }
        for origin in origins
        where !(origin.hasPrefix("https://") || origin.hasPrefix("http://")) || origin.hasSuffix("/") {
            fault(
                name, "has \"\(origin)\"",
                "write exact origins such as https://app.example, without a path or *")
        }
        return origins
    }
}
