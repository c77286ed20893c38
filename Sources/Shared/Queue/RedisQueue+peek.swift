/// Reading prefixes; nothing here changes a lane, but for `push`.
extension RedisQueue {
    package func peek(_ wants: [PrefixRequest]) async throws(QueueError) -> [LanePrefix] {
        let replies = try pipeline(wants.count * 3) { connection, place in
            let want = wants[place / 3]
            let keys = self.keys(want.lane)
            switch place % 3 {
            case 0 where want.count > 0:
                connection.append(["LRANGE", .bytes(keys.queue), 0, .number(want.count - 1)])
            // An empty range: the replies keep their places.
            case 0: connection.append(["LRANGE", .bytes(keys.queue), 1, 0])
            case 1: connection.append(["ZCARD", .bytes(keys.due)])
            default: connection.append(["EXISTS", .bytes(keys.paused)])
            }
        }
        return wants.indices.map { place in
            LanePrefix(
                lane: wants[place].lane, entries: EntryList(replies[place * 3]),
                parkedUsers: Int(replies[place * 3 + 1].integer ?? 0),
                isPaused: replies[place * 3 + 2].integer == 1)
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
                [.bytes(entry), .bytes(keys.bell), .bytes(id.text)])
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
