/// Why a request cannot be understood; the connection is closed after the answer.
enum HeadFailure: Error, Equatable, Sendable {
    /// It breaks a rule of HTTP/1.1 (400); the text says which.
    case malformed(StaticString)
    /// The request line is too long (414).
    case uriTooLong
    /// A header, all headers, or their number is too large (431).
    case headersTooLarge
    /// A method or a transfer coding that this server does not know (501).
    case notImplemented(StaticString)

    static func == (left: HeadFailure, right: HeadFailure) -> Bool {
        switch (left, right) {
        case (.malformed(let one), .malformed(let other)): one.description == other.description
        case (.notImplemented(let one), .notImplemented(let other)): one.description == other.description
        case (.uriTooLong, .uriTooLong), (.headersTooLarge, .headersTooLarge): true
        default: false
        }
    }
}
