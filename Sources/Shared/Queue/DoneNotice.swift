/// The message that tells which requests are done: a lane's name, then for each of its requests the id or the resource,
/// lane after lane, with a space between. A resource is a JSON object that ends with a line feed; it begins with the id.
///
/// One message for each settle on one plain channel: a message of each lane cost its subscribers, each loop of ingest,
/// one for nearly every mutation where many lanes hold a little. The resource spares who waits for it the way to Redis.
/// The word `early` is in front where the requests are committed and not settled yet.
package struct DoneNotice {
    package static let channel = Array("tl:done".utf8)

    package private(set) var text: [UInt8] = []

    package init(capacity: Int = 0, isEarly: Bool = false) {
        text.reserveCapacity(capacity)
        if isEarly { text += DoneNotice.early }
    }

    private static let early = Array("early".utf8)

    /// True for a message that tells of requests before their settle.
    package static func isEarly(_ message: Span<UInt8>) -> Bool {
        message.count > early.count && message.extracting(..<early.count).isEqual(to: early.span)
    }

    /// Adds what is done of a lane; nothing where that is nothing.
    package mutating func add(_ items: [SettledItem], of keys: LaneKeys) {
        var isNamed = false
        for item in items {
            guard case .done = item.fate else { continue }
            begin(keys, &isNamed)
            item.id.appendText(to: &text)
        }
    }

    /// The same with the resource of each request that has one; nobody can ask for the others.
    package mutating func addResources(_ items: [SettledItem], of keys: LaneKeys) {
        var isNamed = false
        for item in items {
            guard case .done = item.fate, let resource = item.result else { continue }
            begin(keys, &isNamed)
            text.append(resource.span)
            text.append(UInt8(ascii: "\n"))
        }
    }

    private mutating func begin(_ keys: LaneKeys, _ isNamed: inout Bool) {
        if !isNamed {
            if !text.isEmpty { text.append(UInt8(ascii: " ")) }
            text += keys.name
            isNamed = true
        }
        text.append(UInt8(ascii: " "))
    }

    /// A part of a notice.
    package enum Part {
        case lane(Lane)
        case done(UUID)
        /// The request is done, and this is where the message has its resource.
        case resource(UUID, Range<Int>)
    }

    /// Reads a message; what is none of the parts is passed over.
    package static func read(_ message: Span<UInt8>, _ body: (Part) -> Void) {
        var start = 0
        while start < message.count {
            if message[start] == UInt8(ascii: "{") {
                let end =
                    message.firstIndex(of: UInt8(ascii: "\n"), in: start..<message.count) ?? message.count
                if let id = id(ofResource: message.extracting(start..<end)) {
                    body(.resource(id, start..<end))
                }
                start = end + 1
                continue
            }
            var end = start + UUID.textCount
            if end <= message.count, end == message.count || message[end] == UInt8(ascii: " "),
                let id = UUID(text: message.extracting(start..<end))
            {
                body(.done(id))
            } else {
                end = start
                while end < message.count, message[end] != UInt8(ascii: " ") { end += 1 }
                if let lane = Lane(name: message.extracting(start..<end)) { body(.lane(lane)) }
            }
            start = end + 1
        }
    }

    /// Workers write the members of a resource in one order: `{"id":"…`.
    private static func id(ofResource text: Span<UInt8>) -> UUID? {
        let start = #"{"id":""#.utf8.count
        guard text.count >= start + UUID.textCount else { return nil }
        return UUID(text: text.extracting(start..<start + UUID.textCount))
    }
}
