/// Every key of Tasklane in Redis, page by page. For operators only: it walks the whole key space.
package enum KeyScan {
    private static let page: Int64 = 1000

    /// Calls `body` with pages of keys; a key may come twice, one that comes and goes meanwhile may be missed.
    package static func forEachPage(
        _ redis: RedisConnection, _ body: ([[UInt8]]) throws(RedisError) -> Void
    ) throws(RedisError) {
        var cursor = "0"
        repeat {
            let reply = try redis.command(
                "SCAN", .text(cursor), "MATCH", "tl:*", "COUNT", .integer(page))
            guard reply.count == 2, let next = reply[0].text else { throw .malformed }
            cursor = next
            try body(reply[1].elements.compactMap { $0.bytes })
        } while cursor != "0"
    }
}

extension RedisConnection {
    /// Sends commands in one write and gives their replies in order; the first refusal is thrown, after the rest was
    /// read.
    package func pipeline(_ commands: [[RedisArgument]]) throws(RedisError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        for command in commands { append(command) }
        try flush()
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        var refusal: RedisError?
        for _ in commands {
            do throws(RedisError) {
                replies.append(try readReply())
            } catch .refused(let reason) {
                refusal = refusal ?? .refused(reason)
            }
        }
        if let refusal { throw refusal }
        return replies
    }
}
