internal import CSystem
import Shared

/// A program that `tasklane dev` started; its output is in a file.
final class Child {
    let name: String
    let logPath: String
    private let id: Int32
    private var status: Int32?

    /// - Parameter environment: all of it; `PATH` should be there.
    init(
        _ name: String, _ words: [String], environment: [String: String], logPath: String
    ) throws(CommandFailure) {
        self.name = name
        self.logPath = logPath
        let log = unsafe tl_open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC)
        guard log >= 0 else { throw .failed("cannot write \(logPath): check the folder") }
        defer { close(log) }
        let variables = environment.map { "\($0.key)=\($0.value)" }
        var argv = unsafe words.map { unsafe strdup($0) } + [nil]
        var envp = unsafe variables.map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        id = unsafe tl_spawn(&argv, &envp, log)
        guard id > 0 else { throw .failed("cannot start \(words[0]): error \(tl_errno())") }
    }

    deinit { stop(SIGKILL, within: .seconds(5)) }

    /// True once it ended; reaps it.
    var hasEnded: Bool {
        if status != nil { return true }
        var raw: Int32 = 0
        guard unsafe waitpid(id, &raw, WNOHANG) == id else { return false }
        status = raw
        return true
    }

    /// 0 for success.
    var exitStatus: Int32? { status.map { $0 & 0x7F == 0 ? $0 >> 8 & 0xFF : 128 + ($0 & 0x7F) } }

    func waitForEnd(within limit: Duration) -> Bool {
        let deadline = Deadline.after(limit)
        while !hasEnded {
            if deadline.hasPassed { return false }
            usleep(10_000)
        }
        return true
    }

    /// Signals it and waits; what does not end in time is killed.
    func stop(_ signal: Int32, within limit: Duration) {
        guard !hasEnded else { return }
        kill(id, signal)
        guard !waitForEnd(within: limit) else { return }
        kill(id, SIGKILL)
        _ = waitForEnd(within: .seconds(5))
    }

    /// The end of its output, for a message.
    var lastWords: String {
        let lines = String(decoding: TextFile.read(logPath) ?? [], as: UTF8.self).split(separator: "\n")
        return lines.suffix(3).joined(separator: " | ")
    }
}
