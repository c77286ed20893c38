/// Settling. The order of arguments is the script's.
///
/// Results that nothing can change any more are written by plain commands before the script, and the resources told by one
/// after it: what passes through Lua is hashed and copied there, byte for byte, which was a third of what Redis spent.
extension RedisQueue {
    package func settle(
        _ batches: [SettleBatch], thenPeek wants: [PrefixRequest]
    ) async throws(QueueError) -> (outcomes: [SettleOutcome], ahead: [LanePrefix]) {
        guard !batches.isEmpty else { return ([], []) }
        let results = ResultWrites(batches)
        var message = DoneMessage(of: batches, keys: keys, to: audience)
        if case .resources(_, isEarly: true) = message {
            try tell(message)
            message = .nothing
        }
        guard reach != .oneSlot else {
            return try settle(batches, apart: true, results, message, Peek([], reach))
        }
        do throws(QueueError) {
            let settled = try settle(batches, apart: false, results, message, Peek(wants, reach))
            if batches.count > 1 { reach = .everything }
            return settled
        } catch {
            // The script was not run.
            guard reach == .oneSlot else { throw error }
            return try settle(batches, apart: true, results, message, Peek([], reach))
        }
    }

    /// - Parameter apart: with a call for each lane: they may lie on different nodes of a cluster.
    private func settle(
        _ batches: [SettleBatch], apart: Bool, _ results: ResultWrites, _ message: DoneMessage, _ peek: Peek
    ) throws(QueueError) -> (outcomes: [SettleOutcome], ahead: [LanePrefix]) {
        let calls = results.commandCount..<results.commandCount + (apart ? batches.count : 1)
        let peekStart = calls.upperBound + message.commandCount
        let loadsBefore = scriptLoads
        let answers = try answers(peekStart + peek.commandCount) { connection, place in
            if place < calls.lowerBound {
                self.append(results, place, of: batches, to: connection)
            } else if place < calls.upperBound {
                let lane = place - calls.lowerBound
                self.append(apart ? batches[lane...lane] : batches[...], message, to: connection)
            } else if place < peekStart {
                message.append(to: connection)
            } else {
                self.append(peek, place - peekStart, to: connection)
            }
        }
        var outcomes: [SettleOutcome] = []
        for call in calls { outcomes += try self.outcomes(try reply(answers[call])) }
        for answer in answers[..<calls.lowerBound] {
            // A full server keeps no results; PostgreSQL has them.
            if let refusal = answer.refusal, refusal.code != .outOfMemory {
                throw QueueError(refused(refusal))
            }
        }
        audience.note(answers[calls.upperBound..<peekStart].first)
        // Where the script had to be loaded it ran after the peek, which saw what was trimmed then.
        guard scriptLoads == loadsBefore else { return (outcomes, []) }
        return (outcomes, ahead(peek, answers[peekStart...]))
    }

    /// Nothing where the peek failed: its fate is not the settle's, and the next one says why.
    private func ahead(_ peek: Peek, _ answers: ArraySlice<Answer>) -> [LanePrefix] {
        do throws(QueueError) {
            var replies: [RedisReply] = []
            for answer in answers { replies.append(try reply(answer)) }
            return try prefixes(of: peek, replies[...])
        } catch { return [] }
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

    /// Tells of requests whose effects are committed ahead of their settle, in a turn of the server's that need not sync.
    private func tell(_ message: DoneMessage) throws(QueueError) {
        audience.note(try answers(1) { connection, _ in message.append(to: connection) }.first)
    }

    private func append(
        _ results: ResultWrites, _ place: Int, of batches: [SettleBatch], to connection: RedisConnection
    ) {
        let write = results.writes[place / 2]
        let batch = batches[write.batch]
        let key = keys(batch.lease.lane).results(of: write.run.window)
        guard place % 2 == 0 else {
            return connection.append(["EXPIRE", .bytes(key), .number(resultLifetime.components.seconds)])
        }
        connection.append(count: 2 + 2 * write.run.count) { command in
            command.add("HSET" as StaticString)
            command.add(key)
            write.run.forEach(of: batch.items) { id, result in
                command.add(id)
                command.add(result)
            }
        }
    }

    private func append(
        _ batches: ArraySlice<SettleBatch>, _ message: DoneMessage, to connection: RedisConnection
    ) {
        var lanes = MessagePack()
        var notice = DoneNotice()
        lanes.array(batches.count)
        for batch in batches {
            append(batch, to: &lanes)
            if case .ids = message { notice.add(batch.items, of: keys(batch.lease.lane)) }
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
        let digest = SettleDigest(batch.items, .changing)
        lanes.array(14 + 3 * batch.parks.count + 2 * digest.moves + digest.resultArguments)
        lanes.add(keys(batch.lease.lane).prefix)
        lanes.add(batch.lease.token.bytes)
        lanes.add(entry: batch.first)
        lanes.add(entry: batch.last)
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
        }
        lanes.add(digest.results, of: batch.items)
    }
}

extension MessagePack {
    /// What tells an entry from any other: its length and how it begins, which is with its request id.
    fileprivate mutating func add(entry: [UInt8]) {
        let start = #"{"id":""#.utf8.count + UUID.textCount
        let isNamed =
            entry.starts(with: #"{"id":""#.utf8) && entry.count > start && entry[start] == UInt8(ascii: "\"")
        add(isNamed ? entry.span.extracting(..<start) : entry.span)
        add(Int64(entry.count))
    }
}
