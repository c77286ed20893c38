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
}
