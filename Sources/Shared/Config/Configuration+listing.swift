extension Configuration {
    /// Every setting by its variable's name, secrets masked: what `tasklane config` prints.
    package var listing: [(name: String, value: String)] {
        [
            ("DATABASE_URL", Configuration.masked(url: databaseURL)),
            ("REDIS_URL", Configuration.masked(url: redisURL)),
            ("BETTER_AUTH_SECRET", betterAuthSecret == nil ? "" : "***"),
            ("TASKLANE_JWT_SECRETS", maskedSecrets), ("TASKLANE_JWKS_FILE", jwksFile ?? ""),
            ("TASKLANE_JWKS_URL", jwksURL.map { Configuration.masked(url: $0) } ?? ""),
            ("TASKLANE_JWT_ISSUER", jwtIssuer ?? ""), ("TASKLANE_JWT_AUDIENCE", jwtAudience ?? ""),
            ("TASKLANE_LISTEN", listen), ("TASKLANE_MAX_CONNECTIONS", "\(connectionsMax)"),
            ("TASKLANE_ADMIN_LISTEN", adminListen), ("TASKLANE_WORKER_ADMIN_LISTEN", workerAdminListen),
            ("TASKLANE_LANES", "\(lanes)"), ("TASKLANE_BATCH", "\(batch)"),
            ("TASKLANE_APPLIERS", "\(appliers)"),
            ("TASKLANE_INGEST_THREADS", ingestThreads == 0 ? "cores" : "\(ingestThreads)"),
            ("TASKLANE_RESULT_TTL", "\(resultTTL.components.seconds)"),
            ("TASKLANE_RETENTION_DAYS", "\(retentionDays)"), ("TASKLANE_MAX_ATTEMPTS", "\(attemptsMax)"),
            ("TASKLANE_LANE_LIMIT", "\(laneLimit)"),
            ("TASKLANE_USER_RATE", userRate.map { "\($0.rate)/s:\($0.burst)" } ?? "off"),
            (
                "TASKLANE_DEFAULT_WAIT_MS",
                "\(defaultWait / .milliseconds(1))".split(separator: ".").first.map(String.init) ?? "0"
            ),
            ("TASKLANE_CORS_ORIGINS", corsOrigins.joined(separator: ",")),
            ("TASKLANE_WAIT_REPLICAS", "\(waitReplicas)"), ("TASKLANE_ACCOUNTS", accounts ? "on" : "off"),
            ("TASKLANE_PG_PREPARED", preparedStatements ? "on" : "off"), ("TASKLANE_LOG", logLevel.name),
            ("TASKLANE_LOG_FORMAT", logFormat?.rawValue ?? "auto"),
        ]
    }

    /// The key ids stay readable, so that an operator can see which rotation a daemon has.
    private var maskedSecrets: String {
        (jwtSecrets ?? "").split(separator: ",").map { pair in
            pair.split(separator: ":", maxSplits: 1).first.map { pair.contains(":") ? "\($0):***" : "***" }
                ?? "***"
        }.joined(separator: ",")
    }

    /// The URL with its password replaced, also where it stands in the query (`?password=`).
    package static func masked(url: String) -> String {
        guard let scheme = url.range(of: "://") else { return "***" }
        var rest = String(url[scheme.upperBound...])
        let authorityEnd = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) ?? rest.endIndex
        if let at = rest[..<authorityEnd].lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
            rest.replaceSubrange(rest.index(after: colon)..<at, with: "***")
        }
        if let query = rest.firstIndex(of: "?") {
            let pairs = rest[rest.index(after: query)...].split(separator: "&").map { pair in
                pair.hasPrefix("password=") || pair.hasPrefix("sslpassword=") ? "password=***" : String(pair)
            }
            rest = rest[...query] + pairs.joined(separator: "&")
        }
        return url[..<scheme.upperBound] + rest
    }
}

extension String {
    /// The first place of `other`, without Foundation.
    fileprivate func range(of other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
