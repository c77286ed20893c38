/// Looks at every key of Tasklane in Redis and at the conservation law of each lane (`tasklane fsck`).
///
/// Reads only. Each lane's law is read at one instant (MULTI), so that pushes and settles under way do not show.
package final class LaneAudit {
    private let redis: RedisConnection
    private let lanes: Int
    private let keys: [LaneKeys]
    private let reader = JSONReader()
    private var parked: [Lane: Set<UserID>] = [:]

    /// Entries read at once.
    private static let page = 1000

    package init(_ redis: RedisConnection, lanes: Int) {
        self.redis = redis
        self.lanes = lanes
        keys = LaneKeys.table(lanes: lanes)
    }

    /// Everything odd, in the order of lanes. - Parameter readsEntries: look at each queued mutation too.
    package func run(readsEntries: Bool = true) throws(RedisError) -> [Oddity] {
        var odd: [Oddity] = []
        parked = [:]
        var seen: Set<[UInt8]> = []
        try KeyScan.forEachPage(redis) { (page) throws(RedisError) in
            let fresh = page.filter { seen.insert($0).inserted }
            odd += try self.oddities(of: fresh)
        }
        for lane in keys.indices {
            odd += try law(of: Lane(lane))
            if readsEntries { odd += try entries(of: Lane(lane)) }
        }
        return odd
    }

    private func oddities(of page: [[UInt8]]) throws(RedisError) -> [Oddity] {
        let replies = try redis.pipeline(
            page.flatMap { [["TYPE", .bytes($0)], ["PTTL", .bytes($0)]] as [[RedisArgument]] })
        var odd: [Oddity] = []
        for (place, key) in page.enumerated() {
            let type = replies[place * 2].text ?? ""
            // Gone since the scan.
            if type == "none" || key == LaneKeys.workers || key == LaneKeys.meta { continue }
            guard let name = LaneKey(key) else {
                odd.append(.unknownKey(key))
                continue
            }
            if name.lane.index >= lanes {
                odd.append(.foreignLane(key))
            } else if type != name.type {
                odd.append(.wrongType(key, found: type, expected: name.type))
            } else if let user = name.user, Lane(of: user, lanes: lanes) != name.lane {
                odd.append(.misplacedUser(key))
            }
            if name.expires, replies[place * 2 + 1].integer == -1 { odd.append(.endless(key)) }
            if case .parked(let user) = name.kind, name.lane.index < lanes {
                parked[name.lane, default: []].insert(user)
            }
        }
        return odd
    }

    /// The law of one lane, and whether its parked users and their retries belong together.
    private func law(of lane: Lane) throws(RedisError) -> [Oddity] {
        let keys = keys[lane.index]
        var known = parked[lane, default: []]
        for user in try redis.command("ZRANGE", .bytes(keys.due), 0, -1).elements {
            if let user = user.bytes.flatMap({ UserID($0) }) { known.insert(user) }
        }
        let users = known.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        let replies = try redis.pipeline(
            [
                ["MULTI"], ["LLEN", .bytes(keys.queue)], LaneCount.command(keys),
                ["ZRANGE", .bytes(keys.due), 0, -1], ["HKEYS", .bytes(keys.attempts)],
            ] + users.map { ["LLEN", .bytes(keys.parked($0))] } + [["EXEC"]])
        guard let last = replies.last, last.count == 4 + users.count else { throw .malformed }
        let fields = last.elements
        let due = Set(fields[2].elements.compactMap { $0.bytes })
        var odd: [Oddity] = []
        var waiting = fields[0].integer ?? 0
        var filled: Set<[UInt8]> = []
        for (place, user) in users.enumerated() {
            let depth = fields[4 + place].integer ?? 0
            waiting += depth
            guard depth > 0 else { continue }
            filled.insert(user.bytes)
            if !due.contains(user.bytes) { odd.append(.parkedWithoutDue(lane, user, entries: Int(depth))) }
        }
        let asked = Set(users.map { $0.bytes })
        // A user parked between the two reads was not asked about; what he has is not odd, and the law waits.
        let isSettled = due.allSatisfy { asked.contains($0) || UserID($0) == nil }
        for user in due.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where !filled.contains(user) && (asked.contains(user) || UserID(user) == nil) {
            odd.append(.dueWithoutEntries(lane, user: user))
        }
        for user in fields[3].elements.compactMap({ $0.bytes }) where !due.contains(user) {
            odd.append(.attemptsWithoutDue(lane, user: user))
        }
        let leftOver = LaneCount(fields[1]).leftOver(queued: waiting)
        if isSettled, leftOver != 0 { odd.append(.leftOver(lane, leftOver)) }
        return odd
    }

    private func entries(of lane: Lane) throws(RedisError) -> [Oddity] {
        var odd: [Oddity] = []
        var place = 0
        while true {
            let page = EntryList(
                try redis.command(
                    "LRANGE", .bytes(keys[lane.index].queue), .number(place),
                    .number(place + LaneAudit.page - 1)))
            for index in 0..<page.count {
                do throws(UndecodableEntry) {
                    let user = try page.withEntry(index) { (entry) throws(UndecodableEntry) in
                        try Mutation(entry: entry, reader: self.reader).user
                    }
                    if Lane(of: user, lanes: lanes) != lane {
                        odd.append(.misplacedEntry(lane, place: place + index, user))
                    }
                } catch { odd.append(.undecodableEntry(lane, place: place + index)) }
            }
            guard page.count == LaneAudit.page else { return odd }
            place += page.count
        }
    }
}
