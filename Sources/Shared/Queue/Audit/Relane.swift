/// Changes the number of lanes in Redis: offline, with empty lanes (`tasklane relane`).
///
/// Idempotency keys go to their users' new lanes with the time they have left; results go, since PostgreSQL has them.
/// Interrupted, it is begun again: every step may be done twice.
package final class Relane {
    /// Why it cannot be done now.
    package enum Obstacle: Equatable, Sendable {
        case queued(Lane, entries: Int)
        case parked(Lane, users: Int)
        case owned(Lane, by: LeaseToken)

        package var description: String {
            switch self {
            case .queued(let lane, let entries): "lane \(lane) holds \(entries) mutations"
            case .parked(let lane, let users): "lane \(lane) has \(users) parked users"
            case .owned(let lane, let token): "lane \(lane) is held by worker \(token.worker)"
            }
        }
    }

    private let redis: RedisConnection

    package init(_ redis: RedisConnection) { self.redis = redis }

    /// What stands in the way; nothing where it may be done.
    package func obstacles(lanes: Int) throws(RedisError) -> [Obstacle] {
        let table = LaneKeys.table(lanes: lanes)
        let replies = try redis.pipeline(
            table.flatMap { keys in
                [
                    ["LLEN", .bytes(keys.queue)], ["ZCARD", .bytes(keys.due)], ["GET", .bytes(keys.owner)],
                ] as [[RedisArgument]]
            })
        var found: [Obstacle] = []
        for index in 0..<lanes {
            let lane = Lane(index)
            if let entries = replies[index * 3].integer, entries > 0 {
                found.append(.queued(lane, entries: Int(entries)))
            }
            if let users = replies[index * 3 + 1].integer, users > 0 {
                found.append(.parked(lane, users: Int(users)))
            }
            if let token = replies[index * 3 + 2].bytes {
                found.append(.owned(lane, by: LeaseToken(bytes: token)))
            }
        }
        return found
    }

    /// Moves what is kept, and last of all writes the new number. Nobody may push or apply meanwhile.
    package func move(to lanes: Int) throws(RedisError) {
        var moved: [(from: [UInt8], to: [UInt8])] = []
        var gone: [[UInt8]] = []
        try KeyScan.forEachPage(redis) { (page) throws(RedisError) in
            for key in page {
                guard let name = LaneKey(key) else { continue }
                switch name.kind {
                case .idempotency(let user, let own):
                    let home = LaneKeys(Lane(of: user, lanes: lanes)).idempotency(user, key: own)
                    if home != key { moved.append((key, home)) }
                case .results: gone.append(key)
                case .count, .paused: if name.lane.index >= lanes { gone.append(key) }
                case .holder, .crashes, .alone, .attempts: gone.append(key)
                // An owner runs out by itself; a lane that holds anything is an obstacle.
                case .owner, .queue, .due, .parked: break
                }
            }
        }
        // Not while scanning: a key that is renamed under the cursor might come again.
        for chunk in stride(from: 0, to: moved.count, by: 1000) {
            let commands = moved[chunk..<min(chunk + 1000, moved.count)].map { pair -> [RedisArgument] in
                ["RENAMENX", .bytes(pair.from), .bytes(pair.to)]
            }
            try skippingMissing(commands)
        }
        for chunk in stride(from: 0, to: gone.count, by: 1000) {
            _ = try redis.pipeline(
                gone[chunk..<min(chunk + 1000, gone.count)].map { ["UNLINK", .bytes($0)] })
        }
        _ = try redis.command("HSET", .bytes(LaneKeys.meta), "lanes", .number(lanes))
    }

    /// A key may have come twice in the scan, or have run out since.
    private func skippingMissing(_ commands: [[RedisArgument]]) throws(RedisError) {
        for command in commands { redis.append(command) }
        try redis.flush()
        var failure: RedisError?
        for _ in commands {
            do throws(RedisError) {
                _ = try redis.readReply()
            } catch .refused(let refusal) {
                if !refusal.message.contains("no such key") { failure = .refused(refusal) }
            }
        }
        if let failure { throw failure }
    }
}
