/// Reading prefixes; nothing here changes a lane, but for `push`.
extension RedisQueue {
    package func peek(_ wants: [PrefixRequest]) async throws(QueueError) -> [LanePrefix] {
        guard !wants.isEmpty else { return [] }
        // One question for all lanes whether any is paused or has parked users, after the entries: both cost as much as
        // the entries of a lane that holds little. A cluster is asked lane by lane.
        let isOne = reach != .oneSlot
        do throws(QueueError) {
            let replies = try pipeline(isOne ? wants.count + 1 : wants.count) { connection, place in
                guard place < wants.count else {
                    let marks = wants.flatMap {
                        [RedisArgument.bytes(self.keys($0.lane).due), .bytes(self.keys($0.lane).paused)]
                    }
                    return connection.append(["EXISTS"] + marks)
                }
                self.append(wants[place], to: connection)
            }
            let isMarked = !isOne || replies[wants.count].integer != 0
            let states = try isMarked ? self.states(of: wants.map(\.lane)) : []
            return wants.indices.map { place in
                LanePrefix(
                    lane: wants[place].lane, entries: EntryList(replies[place]),
                    parkedUsers: isMarked ? states[place].parkedUsers : 0,
                    isPaused: isMarked && states[place].isPaused)
            }
        } catch {
            guard isOne, reach == .oneSlot else { throw error }
            return try await peek(wants)
        }
    }

    private func append(_ want: PrefixRequest, to connection: RedisConnection) {
        // An empty range: the replies keep their places.
        let (first, last) = want.count > 0 ? (0, want.count - 1) : (1, 0)
        connection.append(["LRANGE", .bytes(keys(want.lane).queue), .number(first), .number(last)])
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

    package func push(_ entry: [UInt8], id: UUID, to lane: Lane) async throws(QueueError) {
        let keys = keys(lane)
        _ = try pipeline(1) { connection, _ in
            connection.appendRun(
                LaneScript.push,
                keys: [
                    .bytes(keys.queue), .bytes(keys.count), .bytes(keys.results(of: ResultWindow(of: id))),
                ],
                [.bytes(entry), .bytes(id.text)])
        }
    }
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
