/// The conservation counters of a lane (`tl:{NNN}:count`), since Redis was last empty.
package struct LaneCount: Equatable, Sendable {
    package var accepted: Int64 = 0
    package var succeeded: Int64 = 0
    package var failed: Int64 = 0
    package var dead: Int64 = 0

    package init(accepted: Int64 = 0, succeeded: Int64 = 0, failed: Int64 = 0, dead: Int64 = 0) {
        self.accepted = accepted
        self.succeeded = succeeded
        self.failed = failed
        self.dead = dead
    }

    /// Entries that have their verdict.
    package var settled: Int64 { succeeded + failed + dead }

    /// What the law `accepted = succeeded + failed + dead + queued` leaves over: 0, or something was lost (more than
    /// 0) or appeared (less).
    package func leftOver(queued: Int64) -> Int64 { accepted - settled - queued }

    package mutating func add(_ tally: SettledItem.Tally) {
        switch tally {
        case .succeeded: succeeded += 1
        case .failed: failed += 1
        case .dead: dead += 1
        }
    }

    package static func += (left: inout LaneCount, right: LaneCount) {
        left.accepted += right.accepted
        left.succeeded += right.succeeded
        left.failed += right.failed
        left.dead += right.dead
    }
}

extension LaneCount {
    /// Asks for a lane's counters.
    package static func command(_ keys: LaneKeys) -> [RedisArgument] {
        ["HMGET", .bytes(keys.count), "accepted", "succeeded", "failed", "dead"]
    }

    /// Reads the answer to `command`; fields that are missing are 0.
    package init(_ reply: RedisReply) {
        func field(_ place: Int) -> Int64 {
            place < reply.count ? reply[place].text.flatMap { Int64($0) } ?? 0 : 0
        }
        self.init(accepted: field(0), succeeded: field(1), failed: field(2), dead: field(3))
    }
}
