/// Why a command did not do what it was asked; the text is one line for standard error: what is wrong, what to do.
enum CommandFailure: Error, Equatable {
    /// Exit 2.
    case usage(String)
    /// Exit 1.
    case failed(String)
    /// Ctrl-C: exit 130, as shells expect.
    case interrupted(String)

    var status: Int32 {
        switch self {
        case .usage: 2
        case .failed: 1
        case .interrupted: 130
        }
    }

    var text: String {
        switch self {
        case .usage(let text), .failed(let text), .interrupted(let text): text
        }
    }
}
