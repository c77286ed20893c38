internal import CSystem
import Shared

/// Everything that `tasklane dev` runs.
final class DevStack {
    let port: Int
    private let servers: DevServers
    private let ingest: Child
    private let worker: Child
    private let secret: String

    /// Starts the servers, migrates, starts the daemons; returns when both are ready.
    init(folder: String, port wanted: Int?, _ note: (String) -> Void) throws(CommandFailure) {
        let own = DevStack.ownEnvironment()
        note("starting Redis and PostgreSQL …")
        servers = try DevServers(folder: folder, environment: own, note)
        secret = try DevFolder.secret(folder)
        port = try DevStack.port(wanted)
        let adminPort = try DevStack.freePort(from: 9090)
        let workerPort = try DevStack.freePort(from: adminPort + 1)
        let settings = [
            "DATABASE_URL": servers.databaseURL, "REDIS_URL": servers.redisURL, "BETTER_AUTH_SECRET": secret,
            "TASKLANE_LISTEN": "127.0.0.1:\(port)", "TASKLANE_ADMIN_LISTEN": "127.0.0.1:\(adminPort)",
            "TASKLANE_WORKER_ADMIN_LISTEN": "127.0.0.1:\(workerPort)",
        ]
        let text = settings.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"\n" }.joined()
        try DevFolder.write(Array(text.utf8), to: folder + "/tasklane.conf", mode: 0o600)
        let environment = own.merging(settings) { _, new in new }
        let programs = DevStack.programs()
        let migrate = try Child(
            "migrate", [programs + "tasklane", "migrate"], environment: environment,
            logPath: folder + "/log/migrate.log")
        guard migrate.waitForEnd(within: .seconds(120)), migrate.exitStatus == 0 else {
            throw .failed("tasklane migrate failed: \(migrate.lastWords)")
        }
        note("starting tasklane-ingest and tasklane-worker …")
        ingest = try Child(
            "tasklane-ingest", [programs + "tasklane-ingest"], environment: environment,
            logPath: folder + "/log/ingest.log")
        worker = try Child(
            "tasklane-worker", [programs + "tasklane-worker"], environment: environment,
            logPath: folder + "/log/worker.log")
        try waitUntilReady(ports: [port, adminPort, workerPort])
    }

    /// The one that ended by itself, if any.
    var fallen: Child? { servers.fallen ?? [ingest, worker].first { $0.hasEnded } }

    func token(for user: UserID) throws(CommandFailure) -> String {
        let now = Lanes.now
        let identity = Identity(
            user: user, isAdmin: false, expiresAt: Timestamp(micros: now.micros + 30 * 86_400_000_000))
        let minter = TokenMinter(secret: TokenSecret(secret: secret))
        return String(decoding: minter.mint(identity, now: now), as: UTF8.self)
    }

    func stop(_ note: (String) -> Void) {
        note("stopping …")
        ingest.stop(SIGTERM, within: .seconds(35))
        worker.stop(SIGTERM, within: .seconds(15))
        servers.stop()
    }

    private func waitUntilReady(ports: [Int]) throws(CommandFailure) {
        let deadline = Deadline.after(.seconds(30))
        while !ports.allSatisfy({ LocalSocket.accepts(port: $0) }) {
            if let fallen { throw .failed("\(fallen.name) does not start: \(fallen.lastWords)") }
            guard !deadline.hasPassed else { throw .failed("the daemons are not ready: read the logs") }
            usleep(50_000)
        }
    }

    private static func port(_ wanted: Int?) throws(CommandFailure) -> Int {
        guard let wanted else { return try freePort(from: 8080) }
        guard LocalSocket.isFree(port: wanted) else {
            throw .failed("port \(wanted) is taken: choose another --port")
        }
        return wanted
    }

    private static func freePort(from start: Int) throws(CommandFailure) -> Int {
        guard let port = (start..<start + 200).first(where: { LocalSocket.isFree(port: $0) }) else {
            throw .failed("no port from \(start) on is free")
        }
        return port
    }

    /// Without settings of Tasklane's own that would point elsewhere.
    private static func ownEnvironment() -> [String: String] {
        var own = Environment.process().all
        for name in [
            "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "CREDENTIALS_DIRECTORY", "TASKLANE_JWT_SECRETS",
        ] {
            own[name] = nil
        }
        return own
    }

    /// The folder that this executable is in, with a slash.
    private static func programs() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/"
    }
}
