import CSystem
import Foundation
package import Synchronization
package import Testing

/// A PostgreSQL cluster of the tests' own on a Unix socket. As root it runs as the user `postgres`, since PostgreSQL
/// refuses to run as root.
package final class PrivatePostgres: Sendable {
    package let directory: String
    private let process = Mutex<ChildProcess?>(nil)
    private let databases = Atomic<Int>(0)
    private let settings: [String: String]

    /// One cluster for all tests that only need a database of their own; made at the first use.
    package static let shared = Mutex<PrivatePostgres?>(nil)

    package static func common() throws(ChildFailure) -> PrivatePostgres {
        try shared.withLock { shared throws(ChildFailure) in
            if let shared { return shared }
            let made = try PrivatePostgres()
            shared = made
            return made
        }
    }

    private static let binaries: String = {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let newest = versions.compactMap { Int($0) }.max().map { "/usr/lib/postgresql/\($0)/bin/" }
        return newest ?? "/usr/bin/"
    }()

    private static let asServer: [String] =
        geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : []

    /// - Parameter settings: of postgresql.conf, on top of what ships (fsync and synchronous_commit stay on).
    package init(settings: [String: String] = [:]) throws(ChildFailure) {
        directory = TemporaryDirectory.make("pg")
        self.settings = settings
        if geteuid() == 0 {
            let (status, output) = try ChildProcess.run(["chown", "postgres:postgres", directory])
            guard status == 0 else { throw ChildFailure(description: "chown: \(output)") }
        }
        let (status, output) = try ChildProcess.run(
            PrivatePostgres.asServer + [
                PrivatePostgres.binaries + "initdb", "-D", directory + "/data", "-U", "postgres", "-A",
                "trust", "-E", "UTF8",
                "--locale=C.UTF-8", "--no-sync",
            ])
        guard status == 0 else { throw ChildFailure(description: "initdb: \(output)") }
        try start()
    }

    deinit { process.withLock { $0 }?.killHard() }

    /// Starts it (again) on the same data; returns when it accepts connections.
    package func start() throws(ChildFailure) {
        var arguments = [
            PrivatePostgres.binaries + "postgres", "-D", directory + "/data", "-k", directory, "-c",
            "listen_addresses=",
            "-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "logging_collector=off",
        ]
        for (name, value) in settings { arguments += ["-c", "\(name)=\(value)"] }
        let child = try ChildProcess(
            PrivatePostgres.asServer + arguments, logPath: directory + "/../\(name).log")
        process.withLock { $0 = child }
        guard eventually(seconds: 30, { (try? sql("SELECT 1", database: "postgres")) == "1" }) else {
            throw ChildFailure(description: "PostgreSQL does not answer: \(child.log.suffix(2000))")
        }
    }

    private var name: String { directory.split(separator: "/").last.map(String.init) ?? "pg" }

    package var processID: Int32 { process.withLock { $0?.id ?? 0 } }

    /// SIGINT: open sessions are cut off, the data is left in order ("fast" shutdown).
    package func stop() {
        process.withLock { $0 }?.signal(SIGINT)
        process.withLock { $0 }?.waitForEnd(seconds: 30)
    }

    /// SIGQUIT: as after a crash.
    package func crash() {
        process.withLock { $0 }?.signal(SIGQUIT)
        process.withLock { $0 }?.waitForEnd(seconds: 30)
    }

    package func restart() throws(ChildFailure) {
        stop()
        try start()
    }

    /// An empty database of the caller's own; gives its name.
    package func makeDatabase() throws(ChildFailure) -> String {
        let name = "t\(databases.wrappingAdd(1, ordering: .relaxed).newValue)"
        try sql("CREATE DATABASE \(name) TEMPLATE template0", database: "postgres")
        return name
    }

    package func url(_ database: String) -> String { "postgresql://postgres@/\(database)?host=\(directory)" }

    /// Runs `text` with psql and gives its rows, columns separated by |.
    @discardableResult
    package func sql(_ text: String, database: String) throws(ChildFailure) -> String {
        let (status, output) = try ChildProcess.run(
            [
                "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", directory, "-U", "postgres", "-d",
                database, "-c", text,
            ])
        guard status == 0 else { throw ChildFailure(description: "psql: \(output)") }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}

/// One empty database in the tests' common cluster.
package struct PrivateDatabase: Sendable {
    package let server: PrivatePostgres
    package let name: String

    package init(on server: PrivatePostgres) throws(ChildFailure) {
        self.server = server
        name = try server.makeDatabase()
    }

    package init() throws(ChildFailure) { try self.init(on: PrivatePostgres.common()) }

    package var url: String { server.url(name) }

    @discardableResult
    package func sql(_ text: String) throws(ChildFailure) -> String { try server.sql(text, database: name) }

    @TaskLocal package static var shared: PrivateDatabase?

    /// The database of the running test; a test without the trait is a bug.
    package static var current: PrivateDatabase {
        guard let shared else { preconditionFailure("give this test or suite the trait .privatePostgres") }
        return shared
    }
}

/// Gives each test or suite an empty database: `PrivateDatabase.current`.
package struct PrivatePostgresTrait: SuiteTrait, TestTrait, TestScoping {
    package var isRecursive: Bool { false }

    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await PrivateDatabase.$shared.withValue(try PrivateDatabase()) { try await function() }
    }
}

extension Trait where Self == PrivatePostgresTrait {
    package static var privatePostgres: Self { PrivatePostgresTrait() }
}
