import CSystem
import Foundation
import Shared
import Synchronization

/// All of Tasklane for one test: private servers, and the built executables as their users run them.
package final class Deployment: Sendable {
    package let redis: PrivateRedis
    package let database: PrivateDatabase
    package let secret = "a-secret-of-one-test-run-0123456789abcdef"
    package let port: UInt16
    package let adminPort: UInt16
    private let settings: [String: String]
    private let directory = TemporaryDirectory.make("dep")
    private let children = Mutex<[ChildProcess]>([])

    /// Starts the servers, migrates, starts ingest and `workers` workers, and waits until they are ready.
    package init(
        workers: Int = 1, ingest: Bool = true, redis: [String] = [], ownPostgres: Bool = false,
        settings: [String: String] = [:]
    ) throws(ChildFailure) {
        self.redis = try PrivateRedis(redis)
        self.database = ownPostgres ? try PrivateDatabase(on: PrivatePostgres()) : try PrivateDatabase()
        self.settings = settings
        port = Deployment.freePort()
        adminPort = Deployment.freePort()
        try tasklane("migrate")
        if ingest { try startIngest() }
        for _ in 0..<workers { try startWorker() }
    }

    deinit {
        for child in children.withLock({ $0 }) { child.killHard() }
        redis.kill()
    }

    /// Where `swift build` put the executables: beside the tests.
    package static let binaries: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return test.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }()

    /// The environment of every program of this deployment.
    package var environment: [String: String] {
        var all = [
            "DATABASE_URL": database.url, "REDIS_URL": redis.url, "BETTER_AUTH_SECRET": secret,
            "TASKLANE_LISTEN": "127.0.0.1:\(port)", "TASKLANE_ADMIN_LISTEN": "127.0.0.1:\(adminPort)",
            "TASKLANE_INGEST_THREADS": "2",
        ]
        all.merge(settings) { _, new in new }
        return all
    }

    /// Starts a program of ours; it is ended with the deployment.
    package func start(_ program: String, settings: [String: String] = [:]) throws(ChildFailure)
        -> ChildProcess
    {
        let number = children.withLock { $0.count }
        let child = try ChildProcess(
            [Deployment.binaries + "/" + program],
            environment: environment.merging(settings) { _, new in new },
            logPath: directory + "/\(program)-\(number).log")
        children.withLock { $0.append(child) }
        return child
    }

    @discardableResult
    package func startIngest(settings: [String: String] = [:]) throws(ChildFailure) -> ChildProcess {
        let child = try start("tasklane-ingest", settings: settings)
        guard eventually(seconds: 20, { Deployment.accepts(port) || child.hasEnded }), !child.hasEnded else {
            throw ChildFailure(description: "ingest does not listen: \(child.log.suffix(3000))")
        }
        return child
    }

    /// Starts a worker and waits until it holds a lease or has ended.
    @discardableResult
    package func startWorker(settings: [String: String] = [:]) throws(ChildFailure) -> ChildProcess {
        let port = Deployment.freePort()
        let child = try start(
            "tasklane-worker",
            settings: settings.merging(["TASKLANE_WORKER_ADMIN_LISTEN": "127.0.0.1:\(port)"]) { $1 })
        guard eventually(seconds: 20, { Deployment.accepts(port) || child.hasEnded }), !child.hasEnded else {
            throw ChildFailure(description: "the worker does not listen: \(child.log.suffix(3000))")
        }
        return child
    }

    /// Runs the operator's command and gives its output; a status but 0 throws.
    @discardableResult
    package func tasklane(_ arguments: String..., seconds: Double = 60) throws(ChildFailure) -> String {
        let (status, output) = try ChildProcess.run(
            [Deployment.binaries + "/tasklane"] + arguments, environment: environment, seconds: seconds)
        guard status == 0 else {
            throw ChildFailure(description: "tasklane \(arguments) exits \(status): \(output)")
        }
        return output
    }

    /// A token of `user` that lasts an hour.
    package func token(_ user: String, claims: String = "") -> String {
        Deployment.token(claims: #""sub":"\#(user)"\#(claims)"#, secret: secret)
    }

    /// A HS256 token with these claims, which must not name `exp`.
    package static func token(claims: String, secret: String) -> String {
        let expiry = Int(Date().timeIntervalSince1970) + 3600
        let signed = encode(#"{"alg":"HS256","typ":"JWT"}"#) + "." + encode("{\(claims),\"exp\":\(expiry)}")
        let code = HMACSHA256(key: Array(secret.utf8)).code(of: Array(signed.utf8)).bytes
        return signed + "." + base64URL(Data(code))
    }

    private static func encode(_ text: String) -> String { base64URL(Data(text.utf8)) }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : String($0) }
            .joined()
    }

    /// A port that nobody listens on now.
    package static func freePort() -> UInt16 {
        let descriptor = unsafe loopback(port: 0) { unsafe bind($0, $1, $2) }
        defer { close(descriptor) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// True when somebody accepts connections on `port`.
    package static func accepts(_ port: UInt16) -> Bool {
        let descriptor = unsafe loopback(port: port) { unsafe connect($0, $1, $2) }
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    private static func loopback(
        port: UInt16, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { return descriptor }
        close(descriptor)
        return -1
    }
}
