/// Settling the head of what a user has parked. The order of arguments is the script's.
extension RedisQueue {
    package func settleParked(_ batches: [ParkedSettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        let replies = try pipeline(batches.count) { connection, place in
            self.append(batches[place], to: connection)
        }
        var outcomes: [SettleOutcome] = []
        for reply in replies { outcomes.append(try SettleOutcome(reply)) }
        return outcomes
    }

    private func append(_ batch: ParkedSettleBatch, to connection: RedisConnection) {
        let keys = keys(batch.lease.lane)
        let items = batch.done + (batch.retrying.map { [$0] } ?? [])
        let digest = SettleDigest(items, .any)
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
