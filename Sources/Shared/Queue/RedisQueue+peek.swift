/// Reading prefixes; nothing here changes a lane, but for `push`.
extension RedisQueue {
    package func peek(_ wants: [PrefixRequest]) async throws(QueueError) -> [LanePrefix] {
        guard !wants.isEmpty else { return [] }
        let peek = Peek(wants, reach)
        do throws(QueueError) {
            let replies = try pipeline(peek.commandCount) { connection, place in
                self.append(peek, place, to: connection)
            }
            return try prefixes(of: peek, replies[...])
        } catch {
            guard peek.isOneQuestion, reach == .oneSlot else { throw error }
            return try await self.peek(wants)
        }
    }

    func append(_ peek: Peek, _ place: Int, to connection: RedisConnection) {
        guard place < peek.wants.count else {
            let marks = peek.wants.flatMap {
                [RedisArgument.bytes(self.keys($0.lane).due), .bytes(self.keys($0.lane).paused)]
            }
            return connection.append(["EXISTS"] + marks)
        }
        let want = peek.wants[place]
        // An empty range: the replies keep their places.
        let (first, last) = want.count > 0 ? (0, want.count - 1) : (1, 0)
        connection.append(["LRANGE", .bytes(keys(want.lane).queue), .number(first), .number(last)])
    }

    /// What the replies to `peek` tell; asks once more where a lane is paused or has parked users.
    func prefixes(
        of peek: Peek, _ replies: ArraySlice<RedisReply>
    ) throws(QueueError) -> [LanePrefix] {
        let isMarked = !peek.isOneQuestion || replies.last?.integer != 0
        let states = try isMarked ? self.states(of: peek.wants.map(\.lane)) : []
        return peek.wants.indices.map { place in
            let want = peek.wants[place]
            let entries = EntryList(replies[replies.startIndex + place])
            return LanePrefix(
                lane: want.lane, entries: entries, parkedUsers: isMarked ? states[place].parkedUsers : 0,
                isPaused: isMarked && states[place].isPaused, mayHaveMore: entries.count >= want.count)
        }
    }

    /// How many users each lane has parked, and whether it is paused.
    private func states(of lanes: [Lane]) throws(QueueError) -> [(parkedUsers: Int, isPaused: Bool)] {
        let replies = try pipeline(lanes.count * 2) { connection, place in
            let keys = self.keys(lanes[place / 2])
            connection.append(
                place % 2 == 0 ? ["ZCARD", .bytes(keys.due)] : ["EXISTS", .bytes(keys.paused)])
        }
        return lanes.indices.map { place in
            (Int(replies[place * 2].integer ?? 0), replies[place * 2 + 1].integer == 1)
        }
    }

    package func parked(among users: [UserID], of lane: Lane) async throws(QueueError) -> Set<UserID> {
        let keys = keys(lane)
        let replies = try pipeline(users.count) { connection, place in
            connection.append(["ZSCORE", .bytes(keys.due), .bytes(users[place].bytes)])
        }
        return Set(users.indices.filter { !replies[$0].isNull }.map { users[$0] })
    }

    package func due(_ lanes: [Lane], at now: Timestamp, limit: Int) async throws(QueueError) -> [ParkedUser]
    {
        let replies = try pipeline(lanes.count) { connection, place in
            connection.append([
                "ZRANGE", .bytes(self.keys(lanes[place]).due), "-inf", .number(now.milliseconds), "BYSCORE",
                "LIMIT", 0, .number(limit), "WITHSCORES",
            ])
        }
        return zip(lanes, replies).flatMap { lane, reply in ParkedUser.list(reply, of: lane) }
    }

    package func peekParked(_ users: [ParkedUser], count: Int) async throws(QueueError) -> [ParkedPrefix] {
        let replies = try pipeline(users.count * 2) { connection, place in
            let user = users[place / 2]
            let keys = self.keys(user.lane)
            if place % 2 == 0 {
                connection.append(["LRANGE", .bytes(keys.parked(user.user)), 0, .number(count - 1)])
            } else {
                connection.append(["HGET", .bytes(keys.attempts), .bytes(user.user.bytes)])
            }
        }
        return users.indices.map { place in
            ParkedPrefix(
                lane: users[place].lane, user: users[place].user, entries: EntryList(replies[place * 2]),
                attempts: replies[place * 2 + 1].bytes)
        }
    }

    package func push(_ entries: [RedriveEntry]) async throws(QueueError) -> [Bool] {
        let answers = try answers(entries.count) { connection, place in
            let entry = entries[place]
            let keys = self.keys(entry.lane)
            connection.appendRun(
                LaneScript.push,
                keys: [
                    .bytes(keys.queue), .bytes(keys.count),
                    .bytes(keys.results(of: ResultWindow(of: entry.request))),
                ],
                [.bytes(entry.entry), .bytes(entry.request.text)])
        }
        var taken: [Bool] = []
        for answer in answers {
            if let refusal = answer.refusal, refusal.code != .outOfMemory {
                throw QueueError(refused(refusal))
            }
            taken.append(answer.refusal == nil)
        }
        return taken
    }
}

/// The commands of a peek: the entries of each lane, and one question for all whether any is paused or has parked
/// users, since two for each would cost as much as the entries of a lane that holds little. A cluster is asked lane by lane.
struct Peek {
    let wants: [PrefixRequest]
    let isOneQuestion: Bool

    init(_ wants: [PrefixRequest], _ reach: RedisQueue.Reach) {
        self.wants = wants
        isOneQuestion = reach != .oneSlot && !wants.isEmpty
    }

    var commandCount: Int { wants.count + (isOneQuestion ? 1 : 0) }
}

extension EntryList {
    /// The elements of an array reply.
    init(_ reply: RedisReply) {
        self.init()
        reply.forEach { element in element.withBytes { append($0) } }
    }
}

extension ParkedUser {
    /// Reads members with their scores. Members that are nobody's id are passed over: fsck reports them.
    static func list(_ reply: RedisReply, of lane: Lane) -> [ParkedUser] {
        let fields = reply.elements
        var users: [ParkedUser] = []
        for place in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let user = fields[place].bytes.flatMap({ UserID($0) }),
                let score = fields[place + 1].text.flatMap({ Double($0) }), score.magnitude < 1e15
            else { continue }
            users.append(ParkedUser(lane: lane, user: user, due: Timestamp(milliseconds: Int64(score))))
        }
        return users
    }
}

extension Timestamp {
    /// Whole milliseconds since 1970, rounded down.
    package var milliseconds: Int64 { flooredToMillisecond.micros / 1000 }
}
