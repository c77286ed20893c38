internal import CSystem
import Shared

/// Redis and PostgreSQL of `tasklane dev`: on Unix sockets, their data in one folder, durable as shipped.
final class DevServers {
    let folder: String
    private let redis: Child
    private let postgres: Child

    var redisURL: String { "unix://\(folder)/redis/redis.sock" }
    var databaseURL: String { "postgresql://postgres@/tasklane?host=\(folder)/postgres" }

    /// Starts both on what is in the folder, which is made where it is missing; returns when both answer.
    init(folder: String, environment: [String: String], _ note: (String) -> Void) throws(CommandFailure) {
        self.folder = folder
        for name in ["", "/redis", "/postgres", "/log"] {
            guard unsafe mkdir(folder + name, 0o755) == 0 || tl_errno() == EEXIST else {
                throw .failed("cannot make \(folder)\(name): choose another --directory")
            }
        }
        let programs = DevServers.postgresPrograms(environment)
        let asServer =
            geteuid() == 0
            ? [
                "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "TERM",
                "--",
            ] : []
        func run(_ words: [String]) throws(CommandFailure) {
            let child = try Child(
                "setup", words, environment: environment, logPath: folder + "/log/setup.log")
            guard child.waitForEnd(within: .seconds(120)), child.exitStatus == 0 else {
                throw .failed("\(words.first { !$0.hasPrefix("-") } ?? "") failed: \(child.lastWords)")
            }
        }
        if geteuid() == 0 { try run(["chown", "postgres:postgres", folder + "/postgres"]) }
        if !DevServers.exists(folder + "/postgres/data/PG_VERSION") {
            note("making a PostgreSQL cluster in \(folder)/postgres …")
            try run(
                asServer + [
                    programs + "initdb", "-D", folder + "/postgres/data", "-U", "postgres", "-A", "trust",
                    "-E",
                    "UTF8", "--locale=C.UTF-8",
                ])
        }
        redis = try Child(
            "Redis",
            [
                "redis-server", "--port", "0", "--unixsocket", folder + "/redis/redis.sock", "--dir",
                folder + "/redis", "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                "--maxmemory-policy", "noeviction", "--lazyfree-lazy-expire", "yes", "--daemonize", "no",
            ], environment: environment, logPath: folder + "/log/redis.log")
        postgres = try Child(
            "PostgreSQL",
            asServer + [
                programs + "postgres", "-D", folder + "/postgres/data", "-k", folder + "/postgres", "-c",
                "listen_addresses=", "-c", "max_connections=200",
            ], environment: environment, logPath: folder + "/log/postgres.log")
        try waitUntilReady()
    }

    /// SIGINT is PostgreSQL's "fast" shutdown: it cuts sessions off and leaves its data in order.
    func stop() {
        postgres.stop(SIGINT, within: .seconds(30))
        redis.stop(SIGTERM, within: .seconds(30))
    }

    /// The one that ended by itself, if any.
    var fallen: Child? { [redis, postgres].first { $0.hasEnded } }

    private func waitUntilReady() throws(CommandFailure) {
        let deadline = Deadline.after(.seconds(60))
        while true {
            if redisAnswers(), try databaseIsThere() { return }
            if let fallen { throw .failed("\(fallen.name) does not start: \(fallen.lastWords)") }
            guard !deadline.hasPassed else {
                throw .failed("Redis and PostgreSQL are not ready: read \(folder)/log")
            }
            usleep(50_000)
        }
    }

    private func redisAnswers() -> Bool {
        guard let url = RedisURL(redisURL) else { return false }
        do throws(RedisError) {
            return try RedisConnection(to: url, options: RedisOptions(name: "tasklane-dev")).command("PING")
                .text
                == "PONG"
        } catch { return false }
    }

    /// Makes the database where it is missing; false while the server does not take sessions.
    private func databaseIsThere() throws(CommandFailure) -> Bool {
        let url = "postgresql://postgres@/postgres?host=\(folder)/postgres"
        let session: PostgresConnection
        do throws(PostgresError) {
            session = try PostgresConnection(PostgresOptions(url: url, applicationName: "tasklane-dev"))
        } catch { return false }
        if try session.ask("SELECT 1 FROM pg_database WHERE datname = 'tasklane'").isEmpty {
            try session.ask("CREATE DATABASE tasklane TEMPLATE template0")
        }
        return true
    }

    /// Debian keeps the servers of each version in a folder of their own, off PATH; the newest is taken.
    private static func postgresPrograms(_ environment: [String: String]) -> String {
        for version in stride(from: 30, through: 14, by: -1) {
            let folder = "/usr/lib/postgresql/\(version)/bin/"
            if exists(folder + "postgres") { return folder }
        }
        return ""
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
