import Testing

@testable import Shared

@Suite struct `A reader of Redis's replies` {
    private static let stream =
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:7\r\n+QUEUED\r\n$9\r\n+QUEUED\r\n\r\n+QUEUED\r\n+QUEUEX\r\n-ERR x\r\n"
    private static let replies = [
        "OK", "QUEUED", "QUEUED", "[7,QUEUED,+QUEUED\r\n]", "QUEUED", "QUEUEX", "ERR x",
    ]

    private func text(_ reply: RedisReply) -> String {
        if let number = reply.integer { return "\(number)" }
        guard reply.count > 0 else { return reply.text ?? "" }
        return "[" + reply.elements.map { text($0) }.joined(separator: ",") + "]"
    }

    @Test(arguments: 1...Self.stream.utf8.count) func `finds the same replies however they are cut`(
        piece: Int
    ) throws {
        let bytes = Array(Self.stream.utf8)
        let reader = RedisReader()
        var found: [String] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try reader.feed(bytes.span.extracting(start..<min(start + piece, bytes.count)))
            while let reply = try reader.next() { found.append(text(reply)) }
        }
        #expect(found == Self.replies)
    }

    @Test(arguments: [1, 3]) func `finds every reply of more than it gives on at once`(feeds: Int) throws {
        // Some longer than a piece, many in one piece, some across the border of two.
        let texts = (0..<3000).map { String(repeating: "x", count: $0 % 500 == 7 ? 20_000 : $0 % 61) }
        let bytes = Array(texts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined().utf8)
        let reader = RedisReader()
        // Fed again before all of the first was asked for.
        for feed in 0..<feeds {
            try reader.feed(
                bytes.span.extracting(bytes.count * feed / feeds..<bytes.count * (feed + 1) / feeds))
        }
        var found: [String] = []
        while let reply = try reader.next() { found.append(reply.text ?? "") }
        #expect(found == texts)
    }
}
