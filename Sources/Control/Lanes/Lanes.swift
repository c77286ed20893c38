internal import CSystem
import Shared

/// The lanes of one deployment as an operator sees them: everything is read, nothing is taken.
final class Lanes {
    let redis: RedisConnection
    let keys: [LaneKeys]
    let configuration: Configuration

    /// Learns the number of lanes from Redis; without it (never migrated, or flushed) the configured one is right.
    init(_ redis: RedisConnection, configuration: Configuration) throws(CommandFailure) {
        self.redis = redis
        self.configuration = configuration
        let stored = try Lanes.ask(redis, "HGET", .bytes(LaneKeys.meta), "lanes").text.flatMap { Int($0) }
        keys = LaneKeys.table(lanes: stored ?? configuration.lanes)
    }

    var count: Int { keys.count }

    /// The operator's own clock, which lag is measured by.
    static var now: Timestamp { Timestamp(micros: tl_now_micros()) }

    /// One command and its reply.
    static func ask(
        _ redis: RedisConnection, _ arguments: RedisArgument...
    ) throws(CommandFailure) -> RedisReply {
        do throws(RedisError) { return try redis.command(arguments) } catch { throw CommandFailure(error) }
    }

    func ask(_ arguments: RedisArgument...) throws(CommandFailure) -> RedisReply {
        do throws(RedisError) { return try redis.command(arguments) } catch { throw CommandFailure(error) }
    }

    /// Many commands in one round trip, replies in their order.
    func askAll(_ commands: [[RedisArgument]]) throws(CommandFailure) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        do throws(RedisError) { return try pipeline(commands) } catch { throw CommandFailure(error) }
    }

    /// Reads every reply also when one is a refusal, which it throws at the end: the connection stays usable.
    private func pipeline(_ commands: [[RedisArgument]]) throws(RedisError) -> [RedisReply] {
        for command in commands { redis.append(command) }
        try redis.flush()
        var replies: [RedisReply] = []
        var refusal: RedisError?
        replies.reserveCapacity(commands.count)
        for _ in commands {
            do throws(RedisError) {
                replies.append(try redis.readReply())
            } catch {
                guard case .refused = error else { throw error }
                refusal = refusal ?? error
            }
        }
        if let refusal { throw refusal }
        return replies
    }

    /// The lane that an operand names.
    func lane(_ text: String) throws(CommandFailure) -> Lane {
        let number = try Arguments.lane(text)
        guard number < count else {
            throw .failed("there is no lane \(text): lanes are 0 to \(count - 1)")
        }
        return Lane(number)
    }

    func lane(of user: UserID) -> Lane { Lane(of: user, lanes: count) }

    /// Every lane, in order, each read at one instant.
    func readings() throws(CommandFailure) -> [LaneReading] {
        try readings(of: keys.indices.map { Lane($0) })
    }

    /// The replies to `LaneReading.commands`, lane by lane.
    ///
    /// A Redis that is full refuses MULTI, reads and all; then the commands go without it, because an operator wants
    /// to see just that.
    private func facts(of lanes: [Lane]) throws(CommandFailure) -> [[RedisReply]] {
        do throws(RedisError) {
            let replies = try pipeline(
                lanes.flatMap { [["MULTI"]] + LaneReading.commands(keys[$0.index]) + [["EXEC"]] })
            let stride = LaneReading.commandCount + 2
            return lanes.indices.map { replies[$0 * stride + stride - 1].elements }
        } catch {
            guard case .refused(let refusal) = error, refusal.code == .outOfMemory || refusal.code == .other
            else {
                throw CommandFailure(error)
            }
        }
        let replies = try askAll(lanes.flatMap { LaneReading.commands(keys[$0.index]) })
        let stride = LaneReading.commandCount
        return lanes.indices.map { Array(replies[$0 * stride..<($0 + 1) * stride]) }
    }

    /// These lanes, each read at one instant (MULTI), with what is parked.
    func readings(of lanes: [Lane]) throws(CommandFailure) -> [LaneReading] {
        let reader = JSONReader(depthMax: 32)
        let facts = try facts(of: lanes)
        var readings = zip(lanes, facts).map { lane, replies in LaneReading(lane, replies, reader: reader) }
        let parked = readings.indices.flatMap { place in
            readings[place].parked.indices.map { (place, $0) }
        }
        let depths = try askAll(
            parked.flatMap { place, number in
                let list = keys[readings[place].lane.index].parkedPrefix + readings[place].parked[number].user
                return [["LLEN", .bytes(list)], ["LINDEX", .bytes(list), 0]] as [[RedisArgument]]
            })
        for (offset, (place, number)) in parked.enumerated() {
            readings[place].parked[number].depth = Int(depths[offset * 2].integer ?? 0)
            readings[place].parked[number].head = depths[offset * 2 + 1].bytes
        }
        return readings
    }
}
