/// Why a queue did not do what it was asked.
package enum QueueError: Error, Equatable, Sendable {
    /// Surely nothing happened: not sent, or refused. The text is one line for a log.
    case unavailable(String)
    /// Sent, and the reply is lost: it may have happened or not.
    case unanswered(String)
    /// The server is out of memory and refused a write that would add to it.
    case full
}

extension QueueError: CustomStringConvertible {
    /// One line for a log.
    package var description: String {
        switch self {
        case .unavailable(let why), .unanswered(let why): why
        case .full: "Redis is out of memory"
        }
    }
}
