/// How much a line matters; a logger writes its level and everything above.
package enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    case debug, info, warn, error

    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        }
    }

    package init?(name: String) {
        guard let found = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// syslog(3)'s number, which journald reads from a line's `<N>` prefix (sd-daemon(3)).
    var priority: UInt8 {
        switch self {
        case .debug: 7
        case .info: 6
        case .warn: 4
        case .error: 3
        }
    }
}

/// How lines look: objects for machines, or words for a terminal.
package enum LogFormat: String, Sendable {
    case json, text
}
