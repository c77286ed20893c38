import Shared

/// A batch and its transaction.
extension Applier {
    /// Applies the sources in one transaction and settles them. An outage leaves them where they are, and is given back.
    @discardableResult
    func apply(_ sources: [BatchSource]) async throws(QueueError) -> LedgerError? {
        let started = clock.now()
        var batch = Batch(sources, parkedBefore: try await parkedBefore(sources), reader: reader)
        let changed: (batch: Batch, settlement: Settlement)
        do throws(LedgerError) {
            changed = try await transact(&batch)
        } catch {
            await failed(batch, error)
            return error
        }
        passed(sources)
        let committed = clock.now()
        // The results first: clients wait for them, and nobody for the lines.
        do throws(QueueError) {
            try await settle(changed.settlement, thenPeek: await wantsAhead(sources))
        } catch {
            told(changed.batch, started, committed)
            throw error
        }
        told(changed.batch, started, committed)
        return nil
    }

    /// Counts and writes down what was committed, whatever became of its settle.
    private func told(_ batch: Batch, _ started: Timestamp, _ committed: Timestamp) {
        report.applied(batch, started: started, now: committed)
        lines.flush()
    }

    /// Folds and commits; a refusal is traced to the mutations at fault.
    private func transact(_ batch: inout Batch) async throws(LedgerError) -> (Batch, Settlement) {
        guard batch.needsLedger else { return (batch, prepare(batch)) }
        try await reachLedger()
        if presumes(batch) {
            do throws(LedgerError) {
                return try await transact(&batch, .presuming)
            } catch .overtaken, .refused {
                // Undone. Whose fault it is, and whether anybody's, is found out with all there is to know.
                wary = settings.waryFor
            }
        }
        do throws(LedgerError) { return try await transact(&batch, .careful) } catch .refused {
            return try await isolate(&batch)
        }
    }

    private func transact(
        _ batch: inout Batch, _ reading: Reading
    ) async throws(LedgerError) -> (Batch, Settlement) {
        let now = clock.now()
        let wants = batch.wants(reading, oldBefore: oldBefore(now))
        batch.take(try await ledger.begin(wants), wants)
        batch.fold(0..<batch.entries.count)
        let changes = batch.changes(0..<batch.entries.count, now: now)
        var prepared: Settlement?
        let folded = batch
        // The results are put into words while PostgreSQL commits.
        try await ledger.commit(changes) { prepared = prepare(folded) }
        return (folded, prepared ?? prepare(folded))
    }

    /// Whether the batch's entries are taken for new until an insert says otherwise. Each of its lanes counts as
    /// unsettled from here on, until its settle is confirmed.
    private func presumes(_ batch: Batch) -> Bool {
        var isSettled = true
        for source in batch.sources {
            guard case .lane(let prefix, _) = source, settled.remove(prefix.lane) != nil else {
                isSettled = false
                continue
            }
            if troubles[prefix.lane] != nil { isSettled = false }
        }
        if wary > 0 {
            wary -= 1
            return false
        }
        return isSettled && batch.canPresume(oldBefore: oldBefore(clock.now()))
    }

    func oldBefore(_ now: Timestamp) -> Timestamp {
        Timestamp(micros: now.micros - Int64(settings.oldAfter / .microseconds(1)))
    }

    /// The same batch once more, in savepoints of at most 64 mutations, and where one is refused, one by one.
    private func isolate(_ batch: inout Batch) async throws(LedgerError) -> (Batch, Settlement) {
        let now = clock.now()
        let wants = batch.wants(.isolating, oldBefore: oldBefore(now))
        batch.take(try await ledger.begin(wants), wants)
        var start = 0
        while start < batch.entries.count {
            let part = start..<min(start + 64, batch.entries.count)
            let before = batch
            batch.fold(part)
            do throws(LedgerError) {
                try await ledger.attempt(batch.changes(part, now: now))
                batch.advance(part)
            } catch .refused {
                batch = before
                for place in part { try await isolate(place, of: &batch, now: now) }
            }
            start = part.upperBound
        }
        try await ledger.commit(LedgerChanges()) {}
        return (batch, prepare(batch))
    }

    /// What is to be sent and written once the batch is committed.
    func prepare(_ batch: Batch) -> Settlement {
        lines.discard()
        report.describe(batch, to: &lines)
        return settlement(of: batch)
    }

    private func isolate(_ place: Int, of batch: inout Batch, now: Timestamp) async throws(LedgerError) {
        let one = place..<place + 1
        let before = batch
        batch.fold(one)
        do throws(LedgerError) {
            try await ledger.attempt(batch.changes(one, now: now))
        } catch .refused(let fault, let isRetryable) {
            batch = before
            judge(place, of: &batch, fault, isRetryable: isRetryable, now: now)
            do throws(LedgerError) {
                try await ledger.attempt(batch.changes(one, now: now))
            } catch .refused(let fault, _) {
                // Even its dead letter is refused: that is the database's trouble, not the mutation's.
                await ledger.abandon()
                throw .outage(fault, sessionLost: false)
            }
        }
        batch.advance(one)
    }

    /// What a refusal means for the mutation: another try later, or a dead letter.
    private func judge(
        _ place: Int, of batch: inout Batch, _ fault: DatabaseFault, isRetryable: Bool, now: Timestamp
    ) {
        var attempts: [Attempt] = []
        if case .parked(_, _, let before) = batch.sources[batch.entries[place].source],
            place == batch.range(of: batch.entries[place].source).lowerBound
        {
            attempts = before
        }
        let attempt = Attempt(
            at: now, worker: settings.worker, sqlState: fault.sqlState, message: fault.message)
        let signature = Attempt.signature(of: fault)
        if !isRetryable {
            batch.bury(place, .rejectedByDatabase, signature: signature, attempts: attempts + [attempt])
        } else if attempts.count + 1 >= settings.attemptsMax {
            batch.bury(place, .attemptsExhausted, signature: signature, attempts: attempts + [attempt])
        } else {
            batch.park(place, attempts + [attempt])
            report.parked()
        }
    }
}
