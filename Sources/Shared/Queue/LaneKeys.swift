/// Every Redis key of one lane, made here and nowhere else (DESIGN.md §2).
///
/// All share the hash tag `{NNN}`, so that they lie in one slot of a Redis Cluster. Precomputed; keep one for each
/// lane (`LaneKeys.table`).
package final class LaneKeys: Sendable {
    /// The lane's number as channels write it.
    package let name: [UInt8]
    /// `tl:{NNN}:`, before each of the others.
    package let prefix: [UInt8]
    /// LIST: mutations, oldest at the head.
    package let queue: [UInt8]
    /// ZSET: parked user → time of the next try in ms.
    package let due: [UInt8]
    /// HASH: parked user → record of the attempts of its head.
    package let attempts: [UInt8]
    /// STRING with expiry: the lease's token.
    package let owner: [UInt8]
    /// STRING: the token that took the lane last and has not released it; outlives the lease, so that the next owner
    /// can tell a crash from a release.
    package let holder: [UInt8]
    /// STRING: takeovers without release since the last settle.
    package let crashes: [UInt8]
    /// HASH: request → tries of it alone that neither settled nor were withdrawn.
    package let alone: [UInt8]
    /// HASH: `accepted`, `succeeded`, `failed`, `dead`.
    package let count: [UInt8]
    /// STRING: an operator's pause, with who and why.
    package let paused: [UInt8]
    /// Channel: rings for this lane alone.
    package let bell: [UInt8]
    /// Before a window: its results.
    package let resultPrefix: [UInt8]
    /// Before a parked user: its LIST of mutations.
    package let parkedPrefix: [UInt8]

    package init(_ lane: Lane) {
        let prefix = Array("tl:{".utf8) + lane.name + Array("}:".utf8)
        func key(_ rest: String) -> [UInt8] { prefix + Array(rest.utf8) }
        name = lane.name
        self.prefix = prefix
        queue = key("queue")
        due = key("due")
        attempts = key("attempts")
        owner = key("owner")
        holder = key("holder")
        crashes = key("crashes")
        alone = key("alone")
        count = key("count")
        paused = key("paused")
        bell = key("bell")
        resultPrefix = key("result:")
        parkedPrefix = key("parked:")
    }

    /// HASH with expiry: request → its resource as JSON, for the requests that were accepted in one window.
    package func results(of window: ResultWindow) -> [UInt8] {
        var key = resultPrefix
        key.appendDecimal(window.number)
        return key
    }

    /// The command that reads one request's resource, null where there is none.
    package func readResult(_ request: UUID) -> [RedisArgument] {
        ["HGET", .bytes(results(of: ResultWindow(of: request))), .bytes(request.text)]
    }

    /// The same, written into a command of three arguments.
    package func writeReadResult(_ request: UUID, to command: inout RedisCommands) {
        command.add("HGET" as StaticString)
        command.add(results(of: ResultWindow(of: request)))
        command.add(request)
    }

    /// LIST: a parked user's mutations, in order.
    package func parked(_ user: UserID) -> [UInt8] { parkedPrefix + user.bytes }

    /// STRING with expiry: what an Idempotency-Key of `user` stands for. The length keeps `a` + `b:c` apart from
    /// `a:b` + `c`.
    package func idempotency(_ user: UserID, key: [UInt8]) -> [UInt8] {
        prefix + Array("key:\(user.bytes.count):".utf8) + user.bytes + [UInt8(ascii: ":")] + key
    }

    /// HASH: worker → heartbeat. Belongs to no lane.
    package static let workers = Array("tl:workers".utf8)
    /// HASH: a copy of PostgreSQL's settings.
    package static let meta = Array("tl:meta".utf8)

    /// The keys of lanes 0 to `lanes` − 1.
    package static func table(lanes: Int) -> [LaneKeys] { (0..<lanes).map { LaneKeys(Lane($0)) } }
}
