/// Why a command did not do what it was asked; the text is one line for standard error: what is wrong, what to do.
enum CommandFailure: Error, Equatable {
    /// Exit 2.
    case usage(String)
    /// Exit 1.
    case failed(String)
    /// Exit 1; the command's own output has said what is wrong.
    case said
    /// Ctrl-C: exit 130, as shells expect.
    case interrupted(String)

    var status: Int32 {
        switch self {
        case .usage: 2
        case .failed, .said: 1
        case .interrupted: 130
        }
    }

    var text: String? {
        switch self {
        case .usage(let text), .failed(let text), .interrupted(let text): text
        case .said: nil
        }
    }
}
