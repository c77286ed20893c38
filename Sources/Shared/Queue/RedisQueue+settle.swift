/// Settling. The order of arguments is the scripts'.
extension RedisQueue {
    package func settle(_ batches: [SettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        guard !batches.isEmpty else { return [] }
        guard reach != .oneSlot else { return try settleApart(batches) }
        do throws(QueueError) {
            let reply = try pipeline(1) { connection, _ in self.append(batches[...], to: connection) }[0]
            if batches.count > 1 { reach = .everything }
            return try outcomes(reply)
        } catch {
            // Nothing was run.
            guard reach == .oneSlot else { throw error }
            return try settleApart(batches)
        }
    }

    /// One call for each lane: they may lie on different nodes of a cluster.
    private func settleApart(_ batches: [SettleBatch]) throws(QueueError) -> [SettleOutcome] {
        let replies = try pipeline(batches.count) { connection, place in
            self.append(batches[place...place], to: connection)
        }
        var all: [SettleOutcome] = []
        for reply in replies { all += try outcomes(reply) }
        return all
    }

    /// What became of the lanes of one call. Throws where it is not known of one: all are read again then.
    private func outcomes(_ reply: RedisReply) throws(QueueError) -> [SettleOutcome] {
        var outcomes: [SettleOutcome] = []
        for outcome in reply.elements {
            if let refusal = outcome.refusal { throw QueueError(refused(refusal)) }
            outcomes.append(try SettleOutcome(outcome))
        }
        return outcomes
    }

    package func settleParked(_ batches: [ParkedSettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        let replies = try pipeline(batches.count) { connection, place in
            self.append(batches[place], to: connection)
        }
        var outcomes: [SettleOutcome] = []
        for reply in replies { outcomes.append(try SettleOutcome(reply)) }
        return outcomes
    }

    private func append(_ batches: ArraySlice<SettleBatch>, to connection: RedisConnection) {
        var lanes = MessagePack()
        var notice = DoneNotice()
        lanes.array(batches.count)
        for batch in batches {
            append(batch, to: &lanes)
            notice.add(batch.items, of: keys(batch.lease.lane))
        }
        if batches.count == 1, let batch = batches.first, batch.items.count == 1,
            case .done = batch.items[0].fate, let resource = batch.items[0].result
        {
            notice.add(resource: resource)
        }
        // Keys cost the server as much as a command. Only a cluster needs them all, and all of them show one.
        let named = reach == .everything ? batches.prefix(1) : batches
        connection.append(count: 3 + named.count + 4) { command in
            command.begin(LaneScript.settle, keys: named.map { keys($0.lease.lane).queue })
            command.add(lanes.bytes)
            command.add(notice.text)
            command.add(resultLifetime.components.seconds)
            command.add(Int64(SettleOutcome.parkedMax))
        }
    }

    private func append(_ batch: SettleBatch, to lanes: inout MessagePack) {
        let digest = SettleDigest(batch.items)
        lanes.array(12 + 3 * batch.parks.count + 3 * digest.moves + digest.resultArguments)
        lanes.add(keys(batch.lease.lane).prefix)
        lanes.add(batch.lease.token.bytes)
        lanes.add(batch.first)
        lanes.add(batch.items.count > 1 ? batch.last : [])
        lanes.add(Int64(batch.items.count))
        lanes.add(Int64(batch.crashesAfter))
        lanes.add(digest.count.succeeded)
        lanes.add(digest.count.failed)
        lanes.add(digest.count.dead)
        lanes.add(digest.bareIDs)
        lanes.add(Int64(batch.parks.count))
        lanes.add(Int64(digest.moves))
        for park in batch.parks {
            lanes.add(park.user.bytes)
            lanes.add(park.due.milliseconds)
            lanes.add(park.attempts)
        }
        for place in batch.items.indices where digest.moves > 0 {
            guard case .park(let user) = batch.items[place].fate else { continue }
            lanes.add(Int64(place + 1))
            lanes.add(user.bytes)
            lanes.add(batch.items[place].id)
        }
        lanes.add(digest.results, of: batch.items)
    }

    private func append(_ batch: ParkedSettleBatch, to connection: RedisConnection) {
        let keys = keys(batch.lease.lane)
        let items = batch.done + (batch.retrying.map { [$0] } ?? [])
        let digest = SettleDigest(items)
        var notice = DoneNotice()
        notice.add(items, of: keys)
        let doneIDs = Array(batch.done.map(\.id.text).joined(separator: [UInt8(ascii: " ")]))
        connection.append(count: 3 + 7 + 18 + digest.resultArguments) { command in
            command.begin(
                LaneScript.settleParked,
                keys: [
                    keys.owner, keys.parked(batch.user), keys.crashes, keys.due, keys.attempts, keys.count,
                    keys.alone,
                ])
            command.add(batch.lease.token.bytes)
            command.add(batch.first)
            command.add(batch.last)
            command.add(Int64(batch.peeked))
            command.add(Int64(batch.crashesAfter))
            command.add(resultLifetime.components.seconds)
            command.add(digest.count)
            command.add(Int64(SettleOutcome.parkedMax))
            command.add(keys.resultPrefix)
            command.add(notice.text)
            command.add(doneIDs)
            command.add(Int64(batch.done.count))
            command.add(batch.user.bytes)
            command.add(batch.next.due.milliseconds)
            command.add(batch.next.attempts)
            command.add(batch.retrying?.id.text ?? [])
            command.add(digest.results, of: items)
        }
    }
}

/// What a script is told of its items as a whole.
private struct SettleDigest {
    var count = LaneCount()
    var moves = 0
    let results: [ResultRun]
    /// Of what is done and has no result, with a space between.
    var bareIDs: [UInt8] = []

    init(_ items: [SettledItem]) {
        results = ResultRun.cut(items)
        for place in items.indices {
            switch items[place].fate {
            case .park: moves += 1
            case .done(let tally):
                count.add(tally)
                guard items[place].result == nil else { continue }
                if !bareIDs.isEmpty { bareIDs.append(UInt8(ascii: " ")) }
                items[place].id.appendText(to: &bareIDs)
            }
        }
    }

    /// For each run its window and its count, then an id and a result for each of them.
    var resultArguments: Int { results.reduce(0) { $0 + 2 + 2 * $1.count } }
}

extension RedisCommands {
    fileprivate mutating func begin(_ script: RedisScript, keys: [[UInt8]]) {
        add("EVALSHA")
        add(script.digest)
        add(Int64(keys.count))
        for key in keys { add(key) }
    }

    fileprivate mutating func add(_ count: LaneCount) {
        add(count.succeeded)
        add(count.failed)
        add(count.dead)
    }
}

/// What takes a script's arguments: the command itself, or one argument of it.
private protocol ArgumentWriter {
    mutating func add(_ number: Int64)
    mutating func add(_ id: UUID)
    mutating func add(_ text: [UInt8])
}

extension RedisCommands: ArgumentWriter {}
extension MessagePack: ArgumentWriter {}

extension ArgumentWriter {
    fileprivate mutating func add(_ runs: [ResultRun], of items: [SettledItem]) {
        for run in runs {
            add(run.window.number)
            add(Int64(run.count))
            for place in run.items {
                guard let result = items[place].result else { continue }
                add(items[place].id)
                add(result)
            }
        }
    }
}

extension SettleOutcome {
    fileprivate init(_ reply: RedisReply) throws(QueueError) {
        guard reply.count > 0 else { throw .unexpectedReply }
        switch reply[0].text {
        case "not-owner": self = .notOwner
        case "prefix-changed": self = .prefixChanged
        case "settled":
            guard reply.count >= 2, let depth = reply[1].integer else { throw .unexpectedReply }
            var backlogs: [Backlog] = []
            for place in stride(from: 2, to: reply.count - 1, by: 2) {
                guard let user = reply[place].bytes.flatMap({ UserID($0) }),
                    let depth = reply[place + 1].integer
                else { throw .unexpectedReply }
                backlogs.append(Backlog(user: user, depth: Int(depth)))
            }
            self = .settled(depth: Int(depth), backlogs: backlogs)
        default: throw .unexpectedReply
        }
    }
}
