/// The message that tells which requests are done: a lane's name, then ids, with a space between, lane after lane. A
/// notice of a single request may end with its resource, which spares who waits for it the way to Redis.
///
/// One message for each settle on one plain channel: a message of each lane cost its subscribers, each loop of ingest,
/// one for nearly every mutation where many lanes hold a little.
package struct DoneNotice {
    package static let channel = Array("tl:done".utf8)

    package private(set) var text: [UInt8] = []

    package init() {}

    /// Adds what is done of a lane; nothing where that is nothing.
    package mutating func add(_ items: [SettledItem], of keys: LaneKeys) {
        var isNamed = false
        for item in items {
            guard case .done = item.fate else { continue }
            if !isNamed {
                if !text.isEmpty { text.append(UInt8(ascii: " ")) }
                text += keys.name
                isNamed = true
            }
            text.append(UInt8(ascii: " "))
            item.id.appendText(to: &text)
        }
    }

    /// Ends a notice of one request with its resource, a JSON object.
    package mutating func add(resource: [UInt8]) {
        text.append(UInt8(ascii: " "))
        text += resource
    }

    /// A part of a notice.
    package enum Part {
        case lane(Lane)
        case done(UUID)
        /// The resource of the request before it.
        case resource([UInt8])
    }

    /// Reads a message; what is none of the parts is passed over.
    package static func read(_ message: Span<UInt8>, _ body: (Part) -> Void) {
        var start = 0
        while start < message.count {
            if message[start] == UInt8(ascii: "{") {
                var resource: [UInt8] = []
                resource.append(message.extracting(start...))
                return body(.resource(resource))
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
}
