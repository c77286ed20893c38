import Shared
import Support

/// The queue over the test's own Redis, and a connection that sees the raw keys.
final class RedisFixture: QueueFixture {
    let redis: RedisConnection
    let queue: any Queue
    let other: any Queue

    init(resultLifetime: Duration = .seconds(900)) throws {
        let url = try RedisFixture.url
        redis = try RedisConnection(to: url, options: RedisOptions(name: "test"))
        queue = RedisFixture.queue(url, resultLifetime)
        other = RedisFixture.queue(url, resultLifetime)
        try flush()
    }

    static var url: RedisURL {
        get throws {
            guard let url = RedisURL(PrivateRedis.current.url) else {
                throw ChildFailure(description: "no URL")
            }
            return url
        }
    }

    private static func queue(_ url: RedisURL, _ resultLifetime: Duration) -> RedisQueue {
        RedisQueue(
            url: url, options: RedisOptions(name: "queue"), lanes: 256, resultLifetime: resultLifetime)
    }

    func accept(_ entries: [Entry], into lane: Lane) throws {
        let keys = LaneKeys(lane)
        let push = EnqueueCommand.push(entries.map { $0.bytes }, keys: keys)
        for command in push.commands { _ = try redis.command(command) }
    }

    func expireLease(of lane: Lane) throws { _ = try redis.command("DEL", .bytes(LaneKeys(lane).owner)) }

    func pause(_ lane: Lane) throws { _ = try redis.command("SET", .bytes(LaneKeys(lane).paused), "why") }

    func flush() throws { _ = try redis.command("FLUSHALL") }

    func losePushes(_ count: Int, of lane: Lane) throws {
        _ = try redis.command("RPOP", .bytes(LaneKeys(lane).queue), .number(count))
    }

    func result(_ id: UUID, in lane: Lane) throws -> String? {
        try redis.command(LaneKeys(lane).readResult(id)).text
    }

    func count(_ lane: Lane) throws -> LaneCount {
        try LaneCount(redis.command(LaneCount.command(LaneKeys(lane))))
    }

    /// Any command's reply as text, for assertions on raw keys.
    func text(_ arguments: RedisArgument...) throws -> String? {
        let reply = try redis.command(arguments)
        return reply.integer.map { String($0) } ?? reply.text
    }

    /// Any command's reply as a number; 0 for what is none.
    func number(_ arguments: RedisArgument...) throws -> Int64 {
        try redis.command(arguments).integer ?? 0
    }

    /// An array reply's elements as text.
    func texts(_ arguments: RedisArgument...) throws -> [String] {
        try redis.command(arguments).elements.map { $0.integer.map { String($0) } ?? $0.text ?? "nil" }
    }

    /// Every key of the server, sorted.
    func keys() throws -> [String] {
        try redis.command("KEYS", "*").elements.compactMap { $0.text }.sorted()
    }
}
