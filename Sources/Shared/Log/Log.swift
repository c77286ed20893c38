internal import CSystem
internal import Synchronization

/// Writes one line for each event to standard error (OPERATE.md §3). Any thread may log.
///
/// Lines of a hot path are gathered in a `LogBatch` of the caller's and written with one call.
package final class Log: Sendable {
    private let level: Atomic<Int>
    private let format: LogFormat
    /// Under journald a line begins with its priority (`$JOURNAL_STREAM` is set by systemd).
    private let prefixesPriority: Bool
    private let descriptor: Int32

    package init(level: LogLevel, format: LogFormat?, descriptor: Int32 = STDERR_FILENO) {
        self.level = Atomic(level.rawValue)
        self.format = format ?? (isatty(descriptor) == 1 ? .text : .json)
        self.descriptor = descriptor
        prefixesPriority = Log.isJournal(descriptor)
    }

    /// `$JOURNAL_STREAM` holds device and inode of the stream to the journal (systemd.exec(5)). It is inherited: a daemon
    /// that somebody under systemd starts with its output elsewhere writes plain lines.
    private static func isJournal(_ descriptor: Int32) -> Bool {
        guard let text = unsafe getenv("JOURNAL_STREAM") else { return false }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { return false }
        return unsafe String(cString: text) == "\(facts.st_dev):\(facts.st_ino)"
    }

    /// Takes effect from the next line on (SIGHUP).
    package func setLevel(_ new: LogLevel) { level.store(new.rawValue, ordering: .relaxed) }

    /// Ask before building fields that cost something.
    package func writes(_ level: LogLevel) -> Bool { level.rawValue >= self.level.load(ordering: .relaxed) }

    package func debug(_ message: StaticString, _ fields: LogField...) { write(.debug, message, fields) }
    package func info(_ message: StaticString, _ fields: LogField...) { write(.info, message, fields) }
    package func warn(_ message: StaticString, _ fields: LogField...) { write(.warn, message, fields) }
    package func error(_ message: StaticString, _ fields: LogField...) { write(.error, message, fields) }

    package func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        guard writes(level) else { return }
        var batch = LogBatch(self)
        batch.add(level, message, fields)
        batch.flush()
    }

    fileprivate var emptyLines: LogLines { LogLines(format, prefixesPriority: prefixesPriority) }

    /// Writes whole lines; a standard error that is gone or full loses them, which must not stop a daemon.
    fileprivate func write(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let count = unsafe CSystem.write(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent)
                if count < 0 && tl_errno() == EINTR { continue }
                guard count > 0 else { return }
                sent += count
            }
        }
    }
}

/// One named value of a line. Never a secret, never a token.
package struct LogField: Sendable {
    package enum Value: Sendable {
        case text(String)
        case bytes([UInt8])
        case word(StaticString)
        case integer(Int64)
        case decimal(Double)
        case uuid(UUID)
    }

    package let name: StaticString
    package let value: Value

    package init(_ name: StaticString, _ value: Value) {
        self.name = name
        self.value = value
    }

    package static func text(_ name: StaticString, _ value: String) -> LogField {
        LogField(name, .text(value))
    }
    package static func bytes(_ name: StaticString, _ value: [UInt8]) -> LogField {
        LogField(name, .bytes(value))
    }
    package static func word(_ name: StaticString, _ value: StaticString) -> LogField {
        LogField(name, .word(value))
    }
    package static func integer(_ name: StaticString, _ value: some BinaryInteger) -> LogField {
        LogField(name, .integer(Int64(clamping: value)))
    }
    package static func decimal(_ name: StaticString, _ value: Double) -> LogField {
        LogField(name, .decimal(value))
    }
    package static func uuid(_ name: StaticString, _ value: UUID) -> LogField { LogField(name, .uuid(value)) }
}

/// Lines gathered by one thread and written with one system call.
package struct LogBatch: ~Copyable {
    private let log: Log
    private var lines: LogLines

    package init(_ log: Log) {
        self.log = log
        lines = log.emptyLines
    }

    package mutating func add(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        guard log.writes(level) else { return }
        lines.begin(level, message, at: Timestamp(micros: tl_now_micros()))
        for field in fields { lines.add(field) }
        lines.end()
    }

    /// Adds a line whose fields `body` writes, for lines that there are many of.
    package mutating func add(
        _ level: LogLevel, _ message: StaticString, _ body: (inout LogLines) -> Void
    ) {
        guard log.writes(level) else { return }
        lines.begin(level, message, at: Timestamp(micros: tl_now_micros()))
        body(&lines)
        lines.end()
    }

    /// Forgets what was gathered: it did not come to pass.
    package mutating func discard() { lines.removeAll() }

    /// Writes what was gathered and keeps the buffer.
    package mutating func flush() {
        guard !lines.bytes.isEmpty else { return }
        log.write(lines.bytes)
        lines.removeAll()
    }
}
