internal import CSystem
internal import Glibc

/// The terminal without line editing and echo, on its alternate screen, until this value goes.
struct RawTerminal: ~Copyable {
    private let saved: termios

    /// Nil where standard input or output is no terminal.
    init?() {
        var settings = termios()
        guard isatty(STDOUT_FILENO) == 1, unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        saved = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        // Alternate screen, no cursor, no wrapping.
        RawTerminal.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    deinit {
        var settings = saved
        RawTerminal.write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// Draws lines from the top; what was there before goes. One write, so that nothing flickers.
    func draw(_ lines: [String], rows: Int) {
        var text = "\u{1B}[H"
        for (place, line) in lines.prefix(rows).enumerated() {
            text += line + "\u{1B}[K" + (place < rows - 1 ? "\r\n" : "")
        }
        RawTerminal.write(text + "\u{1B}[J")
    }

    /// Keys that were pressed since the last call.
    func keys() -> [Key] {
        var polled = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, 0) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe read(STDIN_FILENO, &bytes, bytes.count)
        return count > 0 ? Key.parse(Array(bytes.prefix(count))) : [.end]
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(STDOUT_FILENO, buffer.baseAddress?.advanced(by: sent), buffer.count - sent)
            }
            if count < 0 && tl_errno() == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }
}

/// One key of the keyboard.
enum Key: Equatable {
    case character(Character)
    case up, down, pageUp, pageDown, enter, escape, backspace
    /// The terminal is gone.
    case end

    /// Reads what a terminal sends (ECMA-48 cursor keys). What is not known is dropped.
    static func parse(_ bytes: [UInt8]) -> [Key] {
        let sequences: [([UInt8], Key)] = [
            (Array("\u{1B}[A".utf8), .up), (Array("\u{1B}[B".utf8), .down), (Array("\u{1B}OA".utf8), .up),
            (Array("\u{1B}OB".utf8), .down), (Array("\u{1B}[5~".utf8), .pageUp),
            (Array("\u{1B}[6~".utf8), .pageDown),
        ]
        var keys: [Key] = []
        var rest = bytes[...]
        while let byte = rest.first {
            if let (sequence, key) = sequences.first(where: { rest.starts(with: $0.0) }) {
                keys.append(key)
                rest = rest.dropFirst(sequence.count)
                continue
            }
            rest = rest.dropFirst()
            switch byte {
            case 0x1B:
                // Another sequence, of which nothing is left to be typed; alone it is the key itself.
                if let next = rest.first, next == UInt8(ascii: "[") || next == UInt8(ascii: "O") {
                    rest = rest.dropFirst(2)
                } else {
                    keys.append(.escape)
                }
            case 0x0A, 0x0D: keys.append(.enter)
            case 0x08, 0x7F: keys.append(.backspace)
            case 0x20..<0x7F: keys.append(.character(Character(Unicode.Scalar(byte))))
            default: break
            }
        }
        return keys
    }
}
