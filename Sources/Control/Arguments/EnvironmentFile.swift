/// The syntax of systemd's `EnvironmentFile=` (systemd.exec(5)), so that the command reads what the daemons get.
///
/// Follows systemd's own state machine (`env-file.c`): comments with `#` or `;`, quotes of both kinds that may span
/// lines, a backslash before the line's end that joins lines.
struct EnvironmentFile {
    private enum State {
        case beforeKey, key, beforeValue, value, valueEscape, singleQuoted, doubleQuoted, doubleQuotedEscape
        case comment, commentEscape
    }

    private(set) var variables: [String: String] = [:]
    private var state = State.beforeKey
    private var key: [UInt8] = []
    private var value: [UInt8] = []
    /// Bytes of `value` up to its last one that is no white space, outside quotes.
    private var valueEnd = 0

    /// The variables of `text`; lines without `=` are passed over, as systemd does.
    static func parse(_ text: [UInt8]) -> [String: String] {
        var file = EnvironmentFile()
        for byte in text { file.take(byte) }
        switch file.state {
        case .beforeKey, .key, .comment, .commentEscape: break
        default: file.finish()
        }
        return file.variables
    }

    private mutating func take(_ byte: UInt8) {
        let isNewline = byte == 0x0A || byte == 0x0D
        switch state {
        case .beforeKey:
            if byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";") {
                state = .comment
            } else if !isSpace(byte) {
                key = [byte]
                state = .key
            }
        case .key:
            if isNewline {
                state = .beforeKey
            } else if byte == UInt8(ascii: "=") {
                state = .beforeValue
                value = []
                valueEnd = 0
            } else {
                key.append(byte)
            }
        case .beforeValue, .value: takeUnquoted(byte, isNewline)
        case .valueEscape:
            state = .value
            if !isNewline { keep(byte) }
        case .singleQuoted:
            if byte == UInt8(ascii: "'") { state = .beforeValue } else { keep(byte) }
        case .doubleQuoted:
            switch byte {
            case UInt8(ascii: "\""): state = .beforeValue
            case UInt8(ascii: "\\"): state = .doubleQuotedEscape
            default: keep(byte)
            }
        case .doubleQuotedEscape:
            state = .doubleQuoted
            if isNewline { return }
            if !"\"\\`$".utf8.contains(byte) { keep(UInt8(ascii: "\\")) }
            keep(byte)
        case .comment:
            if byte == UInt8(ascii: "\\") { state = .commentEscape } else if isNewline { state = .beforeKey }
        case .commentEscape: state = .comment
        }
    }

    private mutating func takeUnquoted(_ byte: UInt8, _ isNewline: Bool) {
        if isNewline { return finish() }
        if byte == UInt8(ascii: "\\") {
            state = .valueEscape
        } else if state == .beforeValue && byte == UInt8(ascii: "'") {
            state = .singleQuoted
        } else if state == .beforeValue && byte == UInt8(ascii: "\"") {
            state = .doubleQuoted
        } else if isSpace(byte) {
            // White space counts only if something follows it; before a value it is skipped.
            if state == .value { value.append(byte) }
        } else {
            state = .value
            keep(byte)
        }
    }

    private mutating func keep(_ byte: UInt8) {
        value.append(byte)
        valueEnd = value.count
    }

    private mutating func finish() {
        while let last = key.last, isSpace(last) { key.removeLast() }
        variables[String(decoding: key, as: UTF8.self)] = String(decoding: value[..<valueEnd], as: UTF8.self)
        state = .beforeKey
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
