/// The lanes in Redis, over a blocking connection that is made when it is needed and made anew when it breaks.
///
/// One thread at a time. Never tries a call again by itself, unless the server said that it ran
/// nothing: what a lost reply means is for the caller to find out.
package final class RedisQueue: Queue {
    let url: RedisURL
    let options: RedisOptions
    let resultLifetime: Duration
    private let keys: [LaneKeys]
    private var open: RedisConnection?
    /// How often the server had lost the scripts, as after a flush or on another server.
    private(set) var scriptLoads = 0
    /// Whether a command may touch keys of several slots, as far as this server has said.
    enum Reach { case unknown, everything, oneSlot }
    var reach = Reach.unknown
    var audience = DoneAudience()
    lazy var bells = RedisBells(url: url, name: options.name + "-bell", keys: keys)
    package let waker = Waker(alarm: Alarm())

    /// - Parameters:
    ///   - lanes: how many lanes there are.
    ///   - resultLifetime: how long Redis keeps a result, in whole seconds.
    package init(url: RedisURL, options: RedisOptions, lanes: Int, resultLifetime: Duration) {
        self.url = url
        self.options = options
        self.resultLifetime = resultLifetime
        keys = LaneKeys.table(lanes: lanes)
    }

    func keys(_ lane: Lane) -> LaneKeys {
        precondition(lane.index < keys.count, "there is no such lane")
        return keys[lane.index]
    }

    private func connection() throws(RedisError) -> RedisConnection {
        if let open, open.isOpen { return open }
        let fresh = try RedisConnection(to: url, options: options)
        try fresh.load(LaneScript.worker)
        // It may be another server's.
        if reach == .everything { reach = .unknown }
        open = fresh
        return fresh
    }

    /// Sends `count` commands in one write and gives their replies in order. `append` adds command number i; it is
    /// asked again for one that the server did not run because it had lost the script.
    ///
    /// Where one is refused, the others' replies are read all the same, and the refusal is thrown.
    func pipeline(
        _ count: Int, _ append: (RedisConnection, Int) -> Void
    ) throws(QueueError) -> [RedisReply] {
        let answers = try answers(count, append)
        var replies: [RedisReply] = []
        replies.reserveCapacity(count)
        for answer in answers { replies.append(try reply(answer)) }
        return replies
    }

    /// The same with each refusal in its place.
    func answers(_ count: Int, _ append: (RedisConnection, Int) -> Void) throws(QueueError) -> [Answer] {
        guard count > 0 else { return [] }
        do throws(RedisError) {
            let connection = try connection()
            var answers = try exchange(Array(0..<count), over: connection, append)
            let unknown = answers.indices.filter { answers[$0].refusal?.code == .noScript }
            if !unknown.isEmpty {
                scriptLoads += 1
                try connection.load(LaneScript.worker)
                let again = try exchange(unknown, over: connection, append)
                for (place, answer) in zip(unknown, again) { answers[place] = answer }
            }
            return answers
        } catch { throw QueueError(error) }
    }

    func reply(_ answer: Answer) throws(QueueError) -> RedisReply {
        switch answer {
        case .reply(let reply): return reply
        case .refusal(let refusal): throw QueueError(refused(refusal))
        }
    }

    /// The error for a refusal, after what follows from it.
    func refused(_ refusal: RedisRefusal) -> RedisError {
        // The server may have become a replica: who is the master now is found by connecting anew.
        if refusal.code == .readOnly || refusal.code == .masterDown { open?.close() }
        if refusal.code == .crossSlot { reach = .oneSlot }
        return .refused(refusal)
    }

    private func exchange(
        _ places: [Int], over connection: RedisConnection, _ append: (RedisConnection, Int) -> Void
    ) throws(RedisError) -> [Answer] {
        for place in places { append(connection, place) }
        try connection.flush()
        var answers: [Answer] = []
        answers.reserveCapacity(places.count)
        for _ in places {
            do throws(RedisError) {
                answers.append(.reply(try connection.readReply()))
            } catch .refused(let refusal) {
                answers.append(.refusal(refusal))
            }
        }
        return answers
    }

    enum Answer {
        case reply(RedisReply)
        case refusal(RedisRefusal)

        var refusal: RedisRefusal? {
            if case .refusal(let refusal) = self { return refusal }
            return nil
        }
    }
}

extension QueueError {
    package init(_ error: RedisError) {
        if case .refused(let refusal) = error, refusal.code == .outOfMemory {
            self = .full
        } else if error.mayHaveRun {
            self = .unanswered(error.description)
        } else {
            self = .unavailable(error.description)
        }
    }

    /// A reply of a shape that the script cannot have given.
    static let unexpectedReply = QueueError.unanswered("Redis answered with something unexpected")
}
