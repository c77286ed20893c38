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
        prefixesPriority = unsafe getenv("JOURNAL_STREAM") != nil
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

    fileprivate func append(
        _ level: LogLevel, _ message: StaticString, _ fields: [LogField], to bytes: inout [UInt8]
    ) {
        if prefixesPriority {
            bytes.append(UInt8(ascii: "<"))
            bytes.append(UInt8(ascii: "0") + level.priority)
            bytes.append(UInt8(ascii: ">"))
        }
        switch format {
        case .json: appendJSON(level, message, fields, to: &bytes)
        case .text: appendText(level, message, fields, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private func appendJSON(
        _ level: LogLevel, _ message: StaticString, _ fields: [LogField], to bytes: inout [UInt8]
    ) {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        // Consumed, or each line would copy all lines before it.
        var json = JSONWriter(appendingTo: consume taken)
        json.beginObject()
        json.key("ts")
        json.timestamp(Timestamp(micros: tl_now_micros()))
        json.key("level")
        json.string(level.name)
        json.key("msg")
        json.string(message)
        for field in fields {
            json.key(field.name)
            switch field.value {
            case .text(let text): json.string(text)
            case .bytes(let text): json.string(LogField.repaired(text))
            case .word(let text): json.string(text)
            case .integer(let number): json.integer(number)
            case .decimal(let number): json.decimal(number)
            case .uuid(let uuid): json.uuid(uuid)
            }
        }
        json.endObject()
        bytes = json.bytes
    }

    private func appendText(
        _ level: LogLevel, _ message: StaticString, _ fields: [LogField], to bytes: inout [UInt8]
    ) {
        Timestamp(micros: tl_now_micros()).append(to: &bytes)
        bytes.append(contentsOf: " \(level.name.uppercased()) ".utf8)
        bytes.append(message)
        for field in fields {
            bytes.append(UInt8(ascii: " "))
            bytes.append(field.name)
            bytes.append(UInt8(ascii: "="))
            switch field.value {
            case .text(let text): bytes.append(contentsOf: LogField.oneLine(Array(text.utf8)))
            case .bytes(let text): bytes.append(contentsOf: LogField.oneLine(LogField.repaired(text)))
            case .word(let text): bytes.append(text)
            case .integer(let number): bytes.appendDecimal(number)
            case .decimal(let number): bytes.append(contentsOf: "\(number)".utf8)
            case .uuid(let uuid): uuid.appendText(to: &bytes)
            }
        }
    }

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

    /// Valid UTF-8 whatever came in, so that every line stays JSON.
    fileprivate static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    /// Control bytes replaced, so that nobody's data can forge a second line.
    fileprivate static func oneLine(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
    }
}

/// Lines gathered by one thread and written with one system call.
package struct LogBatch: ~Copyable {
    private let log: Log
    private var bytes: [UInt8] = []

    package init(_ log: Log) { self.log = log }

    package mutating func add(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        guard log.writes(level) else { return }
        log.append(level, message, fields, to: &bytes)
    }

    /// Forgets what was gathered: it did not come to pass.
    package mutating func discard() { bytes.removeAll(keepingCapacity: true) }

    /// Writes what was gathered and keeps the buffer.
    package mutating func flush() {
        guard !bytes.isEmpty else { return }
        log.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
