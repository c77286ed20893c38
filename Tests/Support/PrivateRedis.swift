import CSystem
import Foundation
import Synchronization
package import Testing

/// A Redis server of one test: on a Unix socket, with the durability that Tasklane ships (AOF, fsync always).
package final class PrivateRedis: Sendable {
    package let directory: String
    private let arguments: [String]
    private let process = Mutex<ChildProcess?>(nil)

    package var socketPath: String { directory + "/redis.sock" }
    package var url: String { "unix://" + socketPath }
    package var processID: Int32 { process.withLock { $0?.id ?? 0 } }

    /// - Parameter arguments: more of redis-server's, such as `["--maxmemory", "4mb"]`.
    package init(_ arguments: [String] = []) throws(ChildFailure) {
        directory = TemporaryDirectory.make("redis")
        self.arguments = arguments
        try start()
    }

    deinit { kill() }

    /// Starts it (again) on the same data; returns when it answers.
    package func start() throws(ChildFailure) {
        let child = try ChildProcess(
            [
                "redis-server", "--port", "0", "--unixsocket", socketPath, "--dir", directory, "--appendonly",
                "yes",
                "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction",
                "--lazyfree-lazy-expire", "yes", "--daemonize", "no",
            ] + arguments, logPath: directory + "/log")
        process.withLock { $0 = child }
        guard eventually(seconds: 20, { (try? cli("ping")) == "PONG" }) else {
            throw ChildFailure(description: "redis-server does not answer: \(child.log.suffix(2000))")
        }
    }

    package func stop() { process.withLock { $0 }?.stop() }
    package func kill() { process.withLock { $0 }?.killHard() }
    package func signal(_ number: Int32) { process.withLock { $0 }?.signal(number) }

    package func restart() throws(ChildFailure) {
        stop()
        try start()
    }

    /// Runs one command with redis-cli and gives its output without the last newline.
    @discardableResult
    package func cli(_ command: String...) throws(ChildFailure) -> String {
        let (status, output) = try ChildProcess.run(["redis-cli", "-s", socketPath] + command)
        guard status == 0 else { throw ChildFailure(description: "redis-cli \(command): \(output)") }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}

extension PrivateRedis {
    /// The server of the running test or suite, under the trait `.privateRedis`.
    @TaskLocal package static var shared: PrivateRedis?

    /// The server of the running test; a test without the trait is a bug.
    package static var current: PrivateRedis {
        guard let shared else { preconditionFailure("give this test or suite the trait .privateRedis") }
        return shared
    }
}

/// Gives each test an empty Redis; a suite's tests share one server and find it flushed.
package struct PrivateRedisTrait: SuiteTrait, TestTrait, TestScoping {
    let arguments: [String]
    package var isRecursive: Bool { false }

    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let server = try PrivateRedis(arguments)
        defer { server.kill() }
        try await PrivateRedis.$shared.withValue(server) { try await function() }
    }
}

extension Trait where Self == PrivateRedisTrait {
    /// A Redis of the test's or suite's own: `PrivateRedis.current`. Tests of one suite share it.
    package static var privateRedis: Self { PrivateRedisTrait(arguments: []) }

    package static func privateRedis(_ arguments: String...) -> Self {
        PrivateRedisTrait(arguments: arguments)
    }
}
