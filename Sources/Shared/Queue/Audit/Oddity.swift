/// Something in Redis that should not be, as `tasklane fsck` finds it.
package enum Oddity: Equatable, Sendable {
    /// A key under `tl:` that nobody of ours writes.
    case unknownKey([UInt8])
    /// A lane that this deployment does not have, left by a larger number of lanes.
    case foreignLane([UInt8])
    case wrongType([UInt8], found: String, expected: String)
    /// It names a user of another lane: left by another number of lanes.
    case misplacedUser([UInt8])
    /// It should run out by itself and does not.
    case endless([UInt8])
    /// Mutations that nobody would ever try again.
    case parkedWithoutDue(Lane, UserID, entries: Int)
    /// A retry of nothing.
    case dueWithoutEntries(Lane, user: [UInt8])
    case attemptsWithoutDue(Lane, user: [UInt8])
    /// What the conservation law leaves over: more than 0 was lost, less than 0 appeared.
    case leftOver(Lane, Int64)
    /// An entry that no worker can read; it will be dead-lettered by itself.
    case undecodableEntry(Lane, place: Int)
    /// An entry of a user who belongs to another lane.
    case misplacedEntry(Lane, place: Int, UserID)

    /// One line for a person: what it is and what comes of it.
    package var description: String {
        switch self {
        case .unknownKey(let key): "\(text(key)): not a key of Tasklane"
        case .foreignLane(let key): "\(text(key)): of a lane that does not exist"
        case .wrongType(let key, let found, let expected):
            "\(text(key)): is a \(found), must be a \(expected); workers cannot use it"
        case .misplacedUser(let key): "\(text(key)): its user belongs to another lane"
        case .endless(let key): "\(text(key)): never expires"
        case .parkedWithoutDue(let lane, let user, let entries):
            "lane \(lane): \(entries) mutations of \(user) are parked and would never be tried again"
        case .dueWithoutEntries(let lane, let user):
            "lane \(lane): a retry of \(text(user)), who has nothing parked"
        case .attemptsWithoutDue(let lane, let user):
            "lane \(lane): attempts are noted for \(text(user)), who is not parked"
        case .leftOver(let lane, let count) where count > 0:
            "lane \(lane): \(count) accepted mutations are neither settled nor queued: Redis lost them"
        case .leftOver(let lane, let count): "lane \(lane): \(-count) mutations more than were accepted"
        case .undecodableEntry(let lane, let place):
            "lane \(lane): entry \(place) cannot be read; a worker will dead-letter it"
        case .misplacedEntry(let lane, let place, let user):
            "lane \(lane): entry \(place) is of \(user), who belongs to another lane"
        }
    }

    /// The commands that put it right, or none where that is for a person to decide. Each is safe while workers run.
    package func repair(now: Timestamp, resultLifetime: Duration) -> [[RedisArgument]] {
        switch self {
        case .endless(let key): [["EXPIRE", .bytes(key), lifetime(of: key, result: resultLifetime), "NX"]]
        case .parkedWithoutDue(let lane, let user, _): [mend(user.bytes, LaneKeys(lane), now)]
        case .dueWithoutEntries(let lane, let user): [mend(user, LaneKeys(lane), now)]
        case .attemptsWithoutDue(let lane, let user):
            [["HDEL", .bytes(LaneKeys(lane).attempts), .bytes(user)]]
        case .leftOver(let lane, let count):
            [["HINCRBY", .bytes(LaneKeys(lane).count), "accepted", .integer(-count)]]
        case .unknownKey, .foreignLane, .wrongType, .misplacedUser, .undecodableEntry, .misplacedEntry: []
        }
    }

    /// A script: a worker that has parked or settled meanwhile knows better.
    private func mend(_ user: [UInt8], _ keys: LaneKeys, _ now: Timestamp) -> [RedisArgument] {
        [
            "EVAL", .bytes(LaneScript.mendParked.source), 3, .bytes(keys.parkedPrefix + user),
            .bytes(keys.due), .bytes(keys.attempts), .bytes(user), .integer(now.milliseconds),
        ]
    }

    private func lifetime(of key: [UInt8], result: Duration) -> RedisArgument {
        if case .idempotency? = LaneKey(key)?.kind {
            return .integer(EnqueueCommand.keyLifetimeMin.components.seconds)
        }
        return .integer(result.components.seconds)
    }

    private func text(_ bytes: [UInt8]) -> String {
        // Nothing from a key may steer a terminal.
        String(decoding: bytes.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
