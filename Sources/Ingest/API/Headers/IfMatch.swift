internal import Shared

/// The condition of a mutation, or of a read: a list of entity tags or `*` (RFC 9110 §13.1).
enum TagCondition: Equatable, Sendable {
    case any
    case tags([Tag])

    struct Tag: Equatable, Sendable {
        let isWeak: Bool
        /// With its quotes.
        let opaque: [UInt8]
    }

    /// A bound: a header of 8 KiB could name thousands of versions, and each would ride through the queue.
    static let tagsMax = 64

    /// Reads the values of all headers of one name, in order; nil where they are malformed.
    init?(values: [[UInt8]]) {
        var tags: [Tag] = []
        for (place, value) in values.enumerated() {
            var reader = FieldReader(value)
            reader.skipSpace()
            if place == 0, values.count == 1, reader.take("*") {
                reader.skipSpace()
                guard reader.isAtEnd else { return nil }
                self = .any
                return
            }
            guard TagCondition.readTags(&reader, into: &tags) else { return nil }
        }
        guard !tags.isEmpty, tags.count <= TagCondition.tagsMax else { return nil }
        self = .tags(tags)
    }

    /// Empty elements are allowed, as RFC 9110 §5.6.1.2 asks of recipients.
    private static func readTags(_ reader: inout FieldReader, into tags: inout [Tag]) -> Bool {
        while true {
            reader.skipSpace()
            if reader.isAtEnd { return true }
            if reader.take(",") { continue }
            let isWeak = reader.take("W")
            if isWeak, !reader.take("/") { return false }
            guard let opaque = reader.opaqueTag() else { return false }
            tags.append(Tag(isWeak: isWeak, opaque: opaque))
            reader.skipSpace()
            guard reader.isAtEnd || reader.take(",") else { return false }
        }
    }

    /// The precondition for the worker. Weak tags, and tags that no task ever has, never match.
    var precondition: Mutation.Precondition {
        switch self {
        case .any: .exists
        case .tags(let tags): .versions(tags.compactMap { $0.isWeak ? nil : ETag.version($0.opaque.span) })
        }
    }

    /// `If-None-Match` of a read: weak comparison (RFC 9110 §8.8.3.2).
    func matchesWeakly(_ opaque: [UInt8]) -> Bool {
        switch self {
        case .any: true
        case .tags(let tags): tags.contains { $0.opaque == opaque }
        }
    }
}
