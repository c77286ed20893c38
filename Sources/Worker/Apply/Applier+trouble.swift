import Shared

/// What an applier does about outages, killers and poison (DESIGN.md §1).
extension Applier {
    /// Tries of one entry alone that may cost a session or a worker, before the entry is poison.
    static let loneTriesMax = 3

    /// The transaction of `batch` failed and nothing in it is at fault, as far as anybody knows.
    func failed(_ batch: Batch, _ error: LedgerError) async {
        lines.discard()
        report.ledgerFailed(error, of: settings.number)
        // To wait for a database is all there is to do; a new process would wait as well.
        report.progressed(settings.number)
        let now = clock.now()
        switch error {
        case .unreachable: await waitForLedger()
        case .outage(let fault, sessionLost: true):
            let attempt = Attempt(
                at: now, worker: settings.worker, sqlState: fault.sqlState, message: fault.message)
            for (number, source) in batch.sources.enumerated() {
                blame(source, batch.range(of: number).count, attempt, now: now)
            }
        case .outage, .overtaken, .refused:
            for source in batch.sources {
                let lane = source.lease.lane
                troubles[lane, default: LaneTrouble(batch: settings.batch)].wait(from: now, &random)
            }
        }
    }

    /// Until the next try, or until the housekeeper reaches PostgreSQL, or lanes come or go.
    private func waitForLedger() async {
        isCutOff = true
        await clock.pause(outage.next(&random))
    }

    /// A session with PostgreSQL, there already or new.
    func reachLedger() async throws(LedgerError) {
        try await ledger.connect()
        guard isCutOff else { return }
        isCutOff = false
        outage.reset()
        report.ledgerReached(by: settings.number)
    }

    /// One try without a batch, and a wait where it fails.
    func lookForLedger() async {
        do throws(LedgerError) { try await reachLedger() } catch {
            report.ledgerFailed(error, of: settings.number)
            report.progressed(settings.number)
            await waitForLedger()
        }
    }

    private func blame(_ source: BatchSource, _ count: Int, _ attempt: Attempt, now: Timestamp) {
        let lane = source.lease.lane
        switch source {
        case .lane:
            troubles[lane, default: LaneTrouble(batch: settings.batch)].lostSession(count, attempt, now: now)
        case .parked(let prefix, _, _): suspects.insert(prefix.user)
        }
    }

    /// The transaction of `sources` was committed.
    func passed(_ sources: [BatchSource]) {
        outage.reset()
        guard !troubles.isEmpty || !suspects.isEmpty else { return }
        for source in sources {
            switch source {
            case .lane(let prefix, let lease):
                guard var trouble = troubles[lease.lane] else { continue }
                let isOver = trouble.passed(prefix.entries.count)
                troubles[lease.lane] = isOver ? nil : trouble
            case .parked(let prefix, _, _): suspects.remove(prefix.user)
            }
        }
    }

    /// One batch of a lane that something is held against.
    func applyTroubled(_ lane: Lane) async throws(QueueError) -> Bool {
        guard let trouble = troubles[lane] else { return false }
        let prefixes = try await queue.peek([PrefixRequest(lane, count: trouble.limit)])
        guard let source = take(prefixes).first else {
            troubles[lane] = nil
            return false
        }
        if trouble.isAlone {
            try await applyAlone(source, trouble.attempts)
        } else {
            try await apply([source])
        }
        return true
    }

    /// Applies a source of one entry, after noting it where the next owner sees it; an entry that cost as many tries
    /// as it may is poison.
    func applyAlone(_ source: BatchSource, _ attempts: [Attempt]) async throws(QueueError) {
        let probe = Batch([source], parkedBefore: try await parkedBefore([source]), reader: reader)
        precondition(probe.entries.count == 1, "alone is one entry")
        guard probe.needsLedger else {
            try await apply([source])
            return
        }
        let id = probe.entries[0].id
        guard let tries = try await queue.beginAlone(id, in: source.lease) else {
            board.lost(source.lease)
            return
        }
        guard tries <= Applier.loneTriesMax else {
            return try await setAside(
                source, .poison, signature: Applier.poisonSignature(attempts), attempts: attempts)
        }
        switch try await apply([source]) {
        case nil, .outage(_, sessionLost: true): break
        case .some: try await queue.withdrawAlone(id, in: source.lease)
        }
    }

    private static func poisonSignature(_ attempts: [Attempt]) -> String {
        guard let last = attempts.last else { return "its workers died" }
        return Attempt.signature(of: DatabaseFault(sqlState: last.sqlState, message: last.message))
    }

    /// Dead-letters every entry of the source that the inbox does not know.
    func setAside(
        _ source: BatchSource, _ reason: DeathReason, signature: String, attempts: [Attempt]
    ) async throws(QueueError) {
        let started = clock.now()
        var batch = Batch([source], parkedBefore: [[]], reader: reader)
        do throws(LedgerError) {
            try await reachLedger()
            let wants = batch.wants(.careful, oldBefore: oldBefore(started))
            batch.take(try await ledger.begin(wants), wants)
            let all = 0..<batch.entries.count
            batch.buryUnknown(all, reason, signature: signature, attempts: attempts)
            try await ledger.commit(batch.changes(all, now: started)) {}
        } catch {
            return await failed(batch, error)
        }
        passed([source])
        let settlement = prepare(batch)
        report.applied(batch, started: started, now: clock.now())
        lines.flush()
        try await settle(settlement)
    }
}
