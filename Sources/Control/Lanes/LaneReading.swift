import Shared

/// One lane at one instant.
struct LaneReading {
    struct Parked {
        let user: [UInt8]
        let due: Timestamp
        let attempts: [UInt8]?
        var depth = 0
        /// The entry that is retried.
        var head: [UInt8]?
    }

    let lane: Lane
    let depth: Int
    /// When the oldest queued mutation was accepted; nil for an empty lane, and for an entry that nobody can read.
    let oldest: Timestamp?
    let owner: LeaseToken?
    let leaseMilliseconds: Int64
    let crashes: Int
    let pause: Pause?
    let count: LaneCount
    var parked: [Parked]

    static let commandCount = 8

    /// What is asked of one lane, inside MULTI.
    static func commands(_ keys: LaneKeys) -> [[RedisArgument]] {
        [
            ["LLEN", .bytes(keys.queue)], ["LINDEX", .bytes(keys.queue), 0], ["GET", .bytes(keys.owner)],
            ["PTTL", .bytes(keys.owner)], ["MGET", .bytes(keys.crashes), .bytes(keys.paused)],
            ["HMGET", .bytes(keys.count), "accepted", "succeeded", "failed", "dead"],
            ["ZRANGE", .bytes(keys.due), 0, -1, "WITHSCORES"], ["HGETALL", .bytes(keys.attempts)],
        ]
    }

    init(_ lane: Lane, _ replies: [RedisReply], reader: JSONReader) {
        precondition(replies.count == LaneReading.commandCount, "EXEC answers each command")
        self.lane = lane
        depth = Int(replies[0].integer ?? 0)
        oldest = replies[1].bytes.flatMap { Entry($0, reader: reader).mutation?.acceptedAt }
        owner = replies[2].bytes.map { LeaseToken(bytes: $0) }
        leaseMilliseconds = max(0, replies[3].integer ?? 0)
        crashes = replies[4][0].text.flatMap { Int($0) } ?? 0
        pause = replies[4][1].bytes.map { Pause($0, reader: reader) }
        func number(_ place: Int) -> Int64 { replies[5][place].text.flatMap { Int64($0) } ?? 0 }
        count = LaneCount(accepted: number(0), succeeded: number(1), failed: number(2), dead: number(3))
        var records: [[UInt8]: [UInt8]] = [:]
        let attempts = replies[7].elements
        for place in stride(from: 0, to: attempts.count - 1, by: 2) {
            if let user = attempts[place].bytes { records[user] = attempts[place + 1].bytes }
        }
        let due = replies[6].elements
        parked = stride(from: 0, to: due.count - 1, by: 2).map { place in
            let user = due[place].bytes ?? []
            let time = due[place + 1].text.flatMap { Double($0) } ?? 0
            return Parked(
                user: user, due: Timestamp(milliseconds: Int64(time)), attempts: records[user])
        }
    }

    var parkedDepth: Int { parked.reduce(0) { $0 + $1.depth } }

    /// Everything that waits in the lane.
    var waiting: Int { depth + parkedDepth }

    var leftOver: Int64 { count.leftOver(queued: Int64(waiting)) }

    /// Age of the oldest queued mutation; 0 for an empty lane.
    func lagSeconds(_ now: Timestamp) -> Double {
        guard let oldest else { return 0 }
        return max(0, Double(now.micros - oldest.micros) / 1e6)
    }

    /// `host:pid` of the owner, or nil.
    var worker: String? { owner.map { Readable.printable($0.worker.description) } }
}
