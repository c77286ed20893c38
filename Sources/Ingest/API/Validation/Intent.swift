internal import Shared

/// What a client wants done, checked, before it is minted into a `Mutation`. Made whole and never changed, so that it is
/// lent on the way to its lane and not copied.
struct Intent {
    let change: Mutation.Change
    /// The task; nil where one is to be created under an id of ours.
    let task: UUID?
    let condition: TagCondition?
    let key: IdempotencyKey?

    /// What an Idempotency-Key stands for: SHA-256 of method, path, canonical content and condition (API.md §4).
    /// - Parameter scope: what else tells requests apart, as the content of a whole bulk under one key.
    func fingerprint(method: StaticString, path: [UInt8], scope: [UInt8] = []) -> Digest {
        var text: [UInt8] = []
        text.append(method)
        text.append(UInt8(ascii: "\n"))
        text += path
        text.append(UInt8(ascii: "\n"))
        appendCanonical(to: &text)
        text += scope
        return SHA256.hash(text)
    }

    /// The same bytes for contents that mean the same, whatever their order, white space or escapes.
    func appendCanonical(to text: inout [UInt8]) {
        let none = UUID(high: 0, low: 0)
        var canonical = Mutation(
            id: none, user: Intent.nobody, task: task ?? none, acceptedAt: Timestamp(micros: 0),
            change: change)
        canonical.precondition = nil
        text += canonical.encode()
        text.append(UInt8(ascii: "\n"))
        switch condition {
        case .none: break
        case .any?: text.append(UInt8(ascii: "*"))
        case .tags(let tags)?:
            for tag in tags {
                text.append(UInt8(ascii: tag.isWeak ? "W" : "S"))
                text += tag.opaque
            }
        }
        text.append(UInt8(ascii: "\n"))
    }

    /// Scope is the key's own business, so the user is not part of the canonical text.
    private static let nobody: UserID = {
        guard let user = UserID("-") else { preconditionFailure("one dash is a user id") }
        return user
    }()
}
