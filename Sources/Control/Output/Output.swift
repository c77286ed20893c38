internal import CSystem
import Shared

/// What a command prints on standard output: gathered, and written by `flush`.
///
/// One thread uses it.
final class Output {
    private var bytes: [UInt8] = []
    private let descriptor: Int32
    /// Why what was written last did not all arrive: a full disk, as a rule. Nothing is written any more.
    private(set) var failure: String?
    let isTerminal: Bool
    /// False where nobody sees colours: a pipe, a dumb terminal, or NO_COLOR (no-color.org).
    let colours: Bool

    init(descriptor: Int32 = STDOUT_FILENO, environment: Environment = .process()) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        colours =
            isTerminal && environment.value("NO_COLOR") == nil && environment.value("TERM") != "dumb"
    }

    /// Width and height of the terminal, or what fits anywhere.
    var size: (columns: Int, rows: Int) {
        var columns: Int32 = 0
        var rows: Int32 = 0
        guard unsafe tl_terminal_size(descriptor, &columns, &rows) == 0, columns > 0, rows > 0 else {
            return (80, 24)
        }
        return (Int(columns), Int(rows))
    }

    func line(_ text: String = "") {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count > 1 << 16 { flush() }
    }

    /// Bytes as they are, without a line's end.
    func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// One JSON object on one line.
    func object(_ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.beginObject()
        body(&json)
        json.endObject()
        bytes += json.bytes
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count > 1 << 16 { flush() }
    }

    /// The text in a style, where colours show.
    func styled(_ text: String, _ style: Style?) -> String {
        guard colours, let style else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }

    /// Writes what was gathered. A reader that went away ends the process by SIGPIPE, as with any other tool.
    func flush() {
        guard failure == nil else { return bytes.removeAll() }
        unsafe bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let count = unsafe write(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent)
                if count < 0 && tl_errno() == EINTR { continue }
                guard count > 0 else {
                    failure = unsafe strerror(tl_errno()).map { unsafe String(cString: $0) } ?? "?"
                    return
                }
                sent += count
            }
        }
        bytes.removeAll(keepingCapacity: true)
    }
}

/// How a piece of text looks on a terminal; raw values are SGR parameters (ECMA-48).
enum Style: String, Sendable {
    case bold = "1"
    case dim = "2"
    case inverse = "7"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
    case alarm = "1;31"
}
