/// Settling: one script call for each batch, all in one write. The order of arguments is the scripts'.
extension RedisQueue {
    package func settle(_ batches: [SettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        let replies = try pipeline(batches.count) { connection, place in
            self.append(batches[place], to: connection)
        }
        var outcomes: [SettleOutcome] = []
        for reply in replies { outcomes.append(try SettleOutcome(reply)) }
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

    private func append(_ batch: SettleBatch, to connection: RedisConnection) {
        let keys = keys(batch.lease.lane)
        let digest = SettleDigest(batch.items)
        let arguments = 16 + 3 * batch.parks.count + 3 * digest.moves + digest.resultArguments
        connection.append(count: 3 + 7 + arguments) { command in
            command.begin(
                LaneScript.settle,
                keys: [
                    keys.owner, keys.queue, keys.crashes, keys.due, keys.attempts, keys.count, keys.alone,
                ])
            command.add(batch.lease.token.bytes)
            command.add(batch.first)
            command.add(batch.last)
            command.add(Int64(batch.items.count))
            command.add(Int64(batch.crashesAfter))
            command.add(resultLifetime.components.seconds)
            command.add(digest.count)
            command.add(Int64(SettleOutcome.parkedMax))
            command.add(keys.resultPrefix)
            command.add(keys.parkedPrefix)
            command.add(keys.done)
            command.add(digest.doneIDs)
            command.add(Int64(batch.parks.count))
            command.add(Int64(digest.moves))
            for park in batch.parks {
                command.add(park.user.bytes)
                command.add(park.due.milliseconds)
                command.add(park.attempts)
            }
            for place in batch.items.indices where digest.moves > 0 {
                guard case .park(let user) = batch.items[place].fate else { continue }
                command.add(Int64(place + 1))
                command.add(user.bytes)
                command.add(batch.items[place].id)
            }
            command.add(digest.results, of: batch.items)
        }
    }

    private func append(_ batch: ParkedSettleBatch, to connection: RedisConnection) {
        let keys = keys(batch.lease.lane)
        let items = batch.done + (batch.retrying.map { [$0] } ?? [])
        let digest = SettleDigest(items)
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
            command.add(keys.done)
            command.add(digest.doneIDs)
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
    /// With a space between.
    var doneIDs: [UInt8] = []

    init(_ items: [SettledItem]) {
        results = ResultRun.cut(items)
        doneIDs.reserveCapacity(items.count * (UUID.textCount + 1))
        for place in items.indices {
            switch items[place].fate {
            case .park: moves += 1
            case .done(let tally):
                count.add(tally)
                if !doneIDs.isEmpty { doneIDs.append(UInt8(ascii: " ")) }
                items[place].id.appendText(to: &doneIDs)
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
