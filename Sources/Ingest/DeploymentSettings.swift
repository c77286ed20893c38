internal import Shared

/// What every daemon of a deployment must agree on, as ingest needs it at its start.
struct DeploymentSettings: Sendable {
    let idKey: [UInt8]

    /// Reads them from PostgreSQL; from the copy in Redis while PostgreSQL is down, since writes are accepted then.
    static func read(
        _ configuration: Configuration, _ redisURL: RedisURL, _ log: Log
    ) throws(StartFailure) -> DeploymentSettings {
        let found: [String: String]
        do throws(PostgresError) { found = try fromPostgres(configuration) } catch {
            if error.state == "42P01" {
                throw StartFailure("the database has no tables: run tasklane migrate")
            }
            // 57P03: the server is starting up or shutting down.
            if error.state != nil, error.state != "57P03" { throw StartFailure("\(error)") }
            log.warn("PostgreSQL does not answer: reads fail until it does", .text("error", "\(error)"))
            return try check(try fromRedis(redisURL), configuration)
        }
        return try check(found, configuration)
    }

    private static func fromPostgres(_ configuration: Configuration) throws(PostgresError) -> [String: String]
    {
        let session = try PostgresConnection(
            PostgresOptions(url: configuration.databaseURL, applicationName: "tasklane-ingest"))
        var found: [String: String] = [:]
        for row in try session.query(PostgresStatement("SELECT name, value FROM settings")) {
            found[row.text(0)] = row.text(1)
        }
        return found
    }

    private static func fromRedis(_ redisURL: RedisURL) throws(StartFailure) -> [String: String] {
        do throws(RedisError) {
            let redis = try RedisConnection(to: redisURL, options: RedisOptions(name: "tasklane-ingest"))
            let reply = try redis.command("HGETALL", .bytes(LaneKeys.meta))
            // The copy has no version: it follows the migrations, which PostgreSQL alone knows.
            var found: [String: String] = ["schema_version": "\(Migration.latest)"]
            for place in stride(from: 0, to: reply.count - 1, by: 2) {
                found[reply[place].text ?? ""] = reply[place + 1].text
            }
            return found
        } catch {
            throw StartFailure(
                "neither PostgreSQL nor Redis answers: start them (tasklane doctor tells more)")
        }
    }

    private static func check(
        _ found: [String: String], _ configuration: Configuration
    ) throws(StartFailure) -> DeploymentSettings {
        guard let version = found["schema_version"].flatMap({ Int($0) }) else {
            throw StartFailure("the deployment has no settings: run tasklane migrate")
        }
        guard version == Migration.latest else {
            throw StartFailure(
                "the database has schema \(version), this build needs \(Migration.latest): "
                    + (version < Migration.latest ? "run tasklane migrate" : "install the newer release"))
        }
        guard found["lanes"].flatMap({ Int($0) }) == configuration.lanes else {
            throw StartFailure(
                "TASKLANE_LANES is \(configuration.lanes), the deployment has \(found["lanes"] ?? "none"): "
                    + "set it, or run tasklane relane")
        }
        guard let key = found["id_key"].flatMap({ Hex.decode(Array($0.utf8)) }), key.count == 32 else {
            throw StartFailure("the deployment has no id_key: run tasklane migrate")
        }
        return DeploymentSettings(idKey: key)
    }
}
