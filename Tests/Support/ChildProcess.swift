import CSystem
import Foundation
import Synchronization

/// Why a server or a program of a test did not do what it should.
package struct ChildFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A program started by a test, its output in a file; ended by its process id, at the latest when the tests end.
package final class ChildProcess: Sendable {
    package let id: Int32
    /// The file that its standard output and error go to.
    package let logPath: String
    private let status = Mutex<Int32?>(nil)

    /// - Parameter environment: the whole environment but for PATH, HOME and TZ, so that nobody's settings leak in.
    package init(
        _ arguments: [String], environment: [String: String] = [:], logPath: String,
        passing descriptors: [Int32] = []
    ) throws(ChildFailure) {
        self.logPath = logPath
        var merged = [
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp", "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
        ]
        merged.merge(environment) { _, new in new }
        id = try ChildProcess.spawn(arguments, merged.map { "\($0)=\($1)" }, logPath)
        TemporaryDirectory.adopt(id)
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], _ logPath: String
    ) throws(ChildFailure) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Swift's pool threads block most signals and children inherit that: a server would never see SIGTERM.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var process: Int32 = 0
        let error = unsafe posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
        guard error == 0 else {
            throw ChildFailure(description: "cannot start \(arguments[0]): error \(error)")
        }
        return process
    }

    package func signal(_ number: Int32) { if !hasEnded { kill(id, number) } }

    /// True once it ended; reaps it.
    package var hasEnded: Bool {
        status.withLock { status in
            if status != nil { return true }
            var raw: Int32 = 0
            guard unsafe waitpid(id, &raw, WNOHANG) == id else { return false }
            status = raw
            TemporaryDirectory.release(id)
            return true
        }
    }

    /// The exit status once it ended, or 128 + the signal that ended it.
    package var exitStatus: Int32? {
        guard hasEnded else { return nil }
        return status.withLock { raw in raw.map { $0 & 0x7F == 0 ? $0 >> 8 & 0xFF : 128 + ($0 & 0x7F) } }
    }

    /// Waits for the end; false when `seconds` passed.
    @discardableResult
    package func waitForEnd(seconds: Double = 10) -> Bool { eventually(seconds: seconds) { hasEnded } }

    /// SIGKILL, and waits.
    package func killHard() {
        signal(SIGKILL)
        waitForEnd()
    }

    /// SIGTERM, and SIGKILL when it does not end in `seconds`.
    package func stop(seconds: Double = 15) {
        signal(SIGTERM)
        if !waitForEnd(seconds: seconds) { killHard() }
    }

    package var log: String {
        String(decoding: FileManager.default.contents(atPath: logPath) ?? Data(), as: UTF8.self)
    }

    /// Waits until the output contains `text`; throws the output when it does not.
    package func waitForOutput(_ text: String, seconds: Double = 15) throws(ChildFailure) {
        if eventually(seconds: seconds, { log.contains(text) || hasEnded }), log.contains(text) { return }
        throw ChildFailure(
            description: "no \"\(text)\" in \(seconds) s from \(logPath):\n\(log.suffix(3000))")
    }

    /// Runs a program to its end and gives its output and status.
    package static func run(
        _ arguments: [String], environment: [String: String] = [:], seconds: Double = 60
    ) throws(ChildFailure) -> (status: Int32, output: String) {
        let directory = TemporaryDirectory.make("run")
        let child = try ChildProcess(arguments, environment: environment, logPath: directory + "/out")
        guard child.waitForEnd(seconds: seconds), let status = child.exitStatus else {
            child.killHard()
            throw ChildFailure(description: "\(arguments.joined(separator: " ")) took more than \(seconds) s")
        }
        return (status, child.log)
    }
}

/// Asks again and again until `condition` holds; false when `seconds` passed. For what sends no signal.
@discardableResult
package func eventually(seconds: Double = 10, _ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(Int64(seconds * 1000))
    while !condition() {
        if ContinuousClock.now > deadline { return condition() }
        usleep(5000)
    }
    return true
}
