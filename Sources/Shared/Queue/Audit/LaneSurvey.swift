/// Where every lane stands, in at most three round trips whatever their number: for metrics.
package enum LaneSurvey {
    /// One lane at one instant.
    package struct Standing: Equatable, Sendable {
        package let lane: Lane
        package var depth: Int
        /// The entry at the head.
        package var oldest: [UInt8]?
        package var count: LaneCount
        package var parkedUsers = 0
        package var parkedDepth = 0
        /// False where users were parked while it was read: the law is then told next time.
        package var isWhole = true

        /// What the conservation law leaves over.
        package var leftOver: Int64 { isWhole ? count.leftOver(queued: Int64(depth + parkedDepth)) : 0 }
    }

    /// Reads all lanes, each at one instant.
    package static func read(
        _ redis: RedisConnection, keys: [LaneKeys]
    ) throws(RedisError) -> [Standing] {
        var standings: [Standing] = []
        var parked: [(place: Int, users: [UserID])] = []
        for (place, reply) in try read(redis, keys.map { ($0, []) }).enumerated() {
            let (standing, due) = try standing(Lane(place), reply, users: [])
            if !due.isEmpty { parked.append((place, due)) }
            standings.append(standing)
        }
        guard !parked.isEmpty else { return standings }
        let again = try read(redis, parked.map { (keys[$0.place], $0.users) })
        for ((place, users), reply) in zip(parked, again) {
            standings[place] = try standing(Lane(place), reply, users: users).0
        }
        return standings
    }

    /// For each lane the reply to EXEC.
    private static func read(
        _ redis: RedisConnection, _ wants: [(keys: LaneKeys, users: [UserID])]
    ) throws(RedisError) -> [RedisReply] {
        var commands: [[RedisArgument]] = []
        var ends: [Int] = []
        for (keys, users) in wants {
            commands += [
                ["MULTI"], ["LLEN", .bytes(keys.queue)], ["LINDEX", .bytes(keys.queue), 0],
                LaneCount.command(keys), ["ZRANGE", .bytes(keys.due), 0, -1],
            ]
            commands += users.map { ["LLEN", .bytes(keys.parked($0))] }
            commands.append(["EXEC"])
            ends.append(commands.count - 1)
        }
        let replies = try redis.pipeline(commands)
        return ends.map { replies[$0] }
    }

    private static func standing(
        _ lane: Lane, _ reply: RedisReply, users: [UserID]
    ) throws(RedisError) -> (Standing, due: [UserID]) {
        guard reply.count == 4 + users.count else { throw .malformed }
        let fields = reply.elements
        let due = fields[3].elements.compactMap { $0.bytes.flatMap { UserID($0) } }
        var standing = Standing(
            lane: lane, depth: Int(fields[0].integer ?? 0), oldest: fields[1].bytes,
            count: LaneCount(fields[2]))
        standing.parkedUsers = due.count
        standing.parkedDepth = fields[4...].reduce(0) { $0 + Int($1.integer ?? 0) }
        standing.isWhole = Set(due).isSubset(of: users)
        return (standing, due)
    }
}
