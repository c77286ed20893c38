import Shared

/// What a batch's transaction means for the queue, ready to be sent.
struct Settlement: Sendable {
    var lanes: [SettleBatch] = []
    var parked: [ParkedSettleBatch] = []
}

extension Applier {
    /// Puts the outcomes of `batch` into words: results, counts, and who is parked until when.
    func settlement(of batch: Batch) -> Settlement {
        let now = clock.now()
        var settlement = Settlement()
        for (number, source) in batch.sources.enumerated() {
            let range = batch.range(of: number)
            switch source {
            case .lane(_, let lease):
                settlement.lanes.append(settle(range, of: batch, lease, now))
            case .parked(let prefix, let lease, let attempts):
                settlement.parked.append(settle(range, of: batch, prefix, lease, attempts, now))
            }
        }
        return settlement
    }

    private func settle(_ range: Range<Int>, of batch: Batch, _ lease: Lease, _ now: Timestamp) -> SettleBatch
    {
        var parks: [Park] = []
        var items: [SettledItem] = []
        items.reserveCapacity(range.count)
        for place in range {
            let entry = batch.entries[place]
            switch entry.outcome {
            case .open: preconditionFailure("an entry left the transaction without an outcome")
            case .done, .dead: items.append(entry.settled(attempts: 1, now: now))
            case .behind, .parkedAfter:
                guard let mutation = entry.mutation else { preconditionFailure("only mutations are parked") }
                items.append(SettledItem(id: entry.id, fate: .park(mutation.user), result: nil))
            case .parked(let attempts):
                let (park, item) = entry.parked(attempts, due: nextTry(attempts.count, now))
                parks.append(park)
                items.append(item)
            }
        }
        let crashes = troubles[lease.lane]?.crashesAfter(range.count) ?? 0
        return SettleBatch(
            lease: lease, first: batch.bytes(of: range.lowerBound),
            last: batch.bytes(of: range.upperBound - 1),
            items: items, parks: parks, crashesAfter: crashes)
    }

    private func settle(
        _ range: Range<Int>, of batch: Batch, _ prefix: ParkedPrefix, _ lease: Lease, _ before: [Attempt],
        _ now: Timestamp
    ) -> ParkedSettleBatch {
        var done: [SettledItem] = []
        var retrying: SettledItem?
        // All done: what is left of the list was not tried yet, and is due at once.
        var next = Park(user: prefix.user, due: now, attempts: [])
        for place in range {
            let entry = batch.entries[place]
            if case .parked(let attempts) = entry.outcome {
                let (park, item) = entry.parked(attempts, due: nextTry(attempts.count, now))
                next = park
                retrying = SettledItem(id: item.id, fate: item.fate, result: item.result)
                break
            }
            done.append(entry.settled(attempts: place == range.lowerBound ? before.count + 1 : 1, now: now))
        }
        let crashes = troubles[lease.lane]?.crashes ?? 0
        return ParkedSettleBatch(
            lease: lease, first: batch.bytes(of: range.lowerBound),
            last: batch.bytes(of: range.upperBound - 1),
            peeked: range.count, done: done, next: next, retrying: retrying, crashesAfter: crashes)
    }

    private func nextTry(_ attempts: Int, _ now: Timestamp) -> Timestamp {
        now + Backoff.retry(attempts: attempts, &random)
    }

    /// Sends a settlement, once: after a reply that was lost, only a new peek tells what happened.
    func settle(
        _ settlement: Settlement, thenPeek wants: [PrefixRequest] = []
    ) async throws(QueueError) {
        ahead = []
        var backlogs: [(Backlog, Lane)] = []
        if !settlement.lanes.isEmpty {
            let settled = try await queue.settle(settlement.lanes, thenPeek: wants)
            for (batch, outcome) in zip(settlement.lanes, settled.outcomes) {
                backlogs += note(outcome, batch.lease, isLane: true)
            }
            ahead = settled.ahead
            // What came between the trim and the look behind it.
            for prefix in ahead where !prefix.entries.isEmpty { pending.insert(prefix.lane) }
        }
        if !settlement.parked.isEmpty {
            let outcomes = try await queue.settleParked(settlement.parked)
            for (batch, outcome) in zip(settlement.parked, outcomes) {
                backlogs += note(outcome, batch.lease, isLane: false)
            }
        }
        // What is set aside next has lines of its own.
        if !backlogs.isEmpty { lines.flush() }
        for (backlog, lane) in backlogs { try await trim(backlog, of: lane) }
    }

    private func note(_ outcome: SettleOutcome, _ lease: Lease, isLane: Bool) -> [(Backlog, Lane)] {
        report.settled(outcome)
        switch outcome {
        case .settled(let depth, let backlogs):
            report.progressed(settings.number)
            if isLane {
                settled.insert(lease.lane)
                if depth > 0 {
                    pending.insert(lease.lane)
                    rota.note(lease.lane, depth: depth)
                } else {
                    pending.remove(lease.lane)
                }
            } else if depth > 0 {
                retrySoon()
            }
            return backlogs.map { ($0, lease.lane) }
        case .notOwner:
            board.lost(lease)
            return []
        case .prefixChanged:
            pending.insert(lease.lane)
            return []
        }
    }
}

extension BatchEntry {
    /// The entry with its verdict.
    fileprivate func settled(attempts: Int, now: Timestamp) -> SettledItem {
        switch outcome {
        case .done(let verdict, let task, _):
            let tally: SettledItem.Tally =
                verdict.succeeded ? .succeeded : verdict.code == .deadLettered ? .dead : .failed
            return SettledItem(
                id: id, fate: .done(tally), result: result(verdict, task, attempts, now, reason: nil),
                // What is superseded may be redriven by force, as what is dead may be redriven.
                isFinal: tally != .dead && verdict.code != .superseded)
        case .dead(let death):
            // Nobody can ask for what has no readable id.
            let reason = Array(death.reason.rawValue.utf8)
            let tries = max(attempts, death.attempts.count)
            return SettledItem(
                id: id, fate: .done(.dead),
                result: result(.refused(.deadLettered), nil, tries, now, reason: reason))
        case .open, .behind, .parked, .parkedAfter: preconditionFailure("no verdict yet")
        }
    }

    private func result(
        _ verdict: Verdict, _ task: TaskItem?, _ attempts: Int, _ now: Timestamp, reason: [UInt8]?
    ) -> [UInt8]? {
        guard let mutation else { return nil }
        return RequestResource(
            id: id, user: mutation.user, state: .done(verdict, task: task),
            operation: mutation.operation, task: mutation.task, attempts: attempts, finishedAt: now,
            reason: reason
        ).encode()
    }

    /// The entry at the head of what its user has parked.
    fileprivate func parked(_ attempts: [Attempt], due: Timestamp) -> (Park, SettledItem) {
        guard let mutation else { preconditionFailure("only mutations are parked") }
        let resource = RequestResource(
            id: id, user: mutation.user, state: .retrying(attempts: attempts.count, nextAttemptAt: due),
            operation: mutation.operation, task: mutation.task, attempts: attempts.count)
        return (
            Park(user: mutation.user, due: due, attempts: Attempt.encode(attempts)),
            SettledItem(id: id, fate: .park(mutation.user), result: resource.encode())
        )
    }
}
