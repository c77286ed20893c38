/// The channels on which workers are told of lanes that were pushed to, as lane names with a space between.
///
/// Many lanes at once ring on one plain channel, so that what a turn of ingest pushes is announced by one message in the
/// pushes' own transaction: a bell for each lane, sent when its push had told that the lane was empty, cost a command, a
/// reply and a message for each mutation under load, and a hop more when idle. One lane rings on its own channel, so that
/// while little comes in, each push wakes the one applier whose lane it is and not all of them, which would keep Redis
/// and the processors from it. A bell may be lost; owners sweep each second.
package enum Bell {
    package static let channel = Array("tl:bell".utf8)

    /// The command that rings for lanes.
    package static func ring(_ lanes: [LaneKeys]) -> [RedisArgument] {
        [
            "PUBLISH", .bytes(lanes.count == 1 ? lanes[0].bell : channel),
            .bytes(Array(lanes.map(\.name).joined(separator: [separator]))),
        ]
    }

    /// Between two names.
    package static let separator = UInt8(ascii: " ")

    /// Gives each lane that a message names; what is no name is passed over.
    package static func read(_ message: Span<UInt8>, _ body: (Lane) -> Void) {
        var start = 0
        while start < message.count {
            var end = start
            while end < message.count, message[end] != separator { end += 1 }
            if let lane = Lane(name: message.extracting(start..<end)) { body(lane) }
            start = end + 1
        }
    }
}
