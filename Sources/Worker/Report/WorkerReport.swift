import Shared
import Synchronization

/// What a worker tells of itself: metrics (OPERATE.md §2), log lines (§3), its heartbeat and its health. Any thread.
final class WorkerReport: Sendable {
    private struct State {
        var lanesOwned = 0
        var lanesReady = false
        var applied = 0
        var redisIsGood = true
        /// Appliers that do not reach PostgreSQL, and since when.
        var cutOff: [Int: Timestamp] = [:]
        /// When each applier last ended a turn, with work or for want of it.
        var progress: [Int: Timestamp] = [:]
    }

    let log: Log
    let metrics: WorkerMetrics
    private let clock: WorkerClock
    /// Where this process runs, for workers beside it (`LocalWorkers`).
    private let place: String?
    private let startedAt: Timestamp
    private let state = Mutex(State())

    init(log: Log, metrics: WorkerMetrics, clock: WorkerClock, place: String? = nil) {
        self.place = place
        self.log = log
        self.metrics = metrics
        self.clock = clock
        startedAt = clock.now()
    }

    // MARK: leases

    func lanesOwned(_ count: Int) {
        metrics.lanesOwned.set(Double(count))
        state.withLock { state in
            state.lanesOwned = count
            state.lanesReady = true
            state.redisIsGood = true
        }
    }

    func tookOver(clean: Bool) { (clean ? metrics.takeoversClean : metrics.takeoversCrash).add() }

    func leasesLost(_ count: Int) {
        metrics.leasesLost.add(count)
        log.warn("leases lost", .integer("lanes", count))
    }

    /// What operators and other workers see of this one.
    func heartbeat() -> [UInt8] {
        let now = clock.now()
        var info = WorkerInfo()
        info.startedAt = startedAt
        info.place = place.map { Array($0.utf8) }
        state.withLock { state in
            info.lanes = Int64(state.lanesOwned)
            info.applied = Int64(state.applied)
            info.lastProgress = state.progress.values.max() ?? startedAt
            if let since = state.cutOff.values.min(), now - since >= WorkerReport.cutOffAfter {
                info.cutOffSince = since
            }
        }
        return info.json
    }

    /// How long an applier does without PostgreSQL before the others are told: a server that starts anew, or a session
    /// that was ended, is no reason to move lanes.
    static let cutOffAfter: Duration = .seconds(2)

    // MARK: appliers

    /// An applier got somewhere: it settled something, has nothing to do, or waits for a store that is away.
    func progressed(_ applier: Int) {
        let now = clock.now()
        state.withLock { $0.progress[applier] = now }
    }

    /// True when a lease round is over and every applier got somewhere within `limit`.
    func isAlive(appliers: Int, within limit: Duration) -> Bool {
        let now = clock.now()
        return state.withLock { state in
            (0..<appliers).allSatisfy { now - (state.progress[$0] ?? startedAt) <= limit }
        }
    }

    /// True once the lease thread has looked for lanes.
    var isReady: Bool { state.withLock { $0.lanesReady } }

    /// What a worker needs to be of use, by name.
    func checks() -> [(name: String, isGood: Bool)] {
        state.withLock { state in
            [
                ("leases", state.lanesReady), ("redis", state.redisIsGood),
                ("postgresql", state.cutOff.isEmpty),
            ]
        }
    }

    /// Mutations that this worker applied so far.
    var appliedCount: Int { state.withLock { $0.applied } }

    /// One line for systemd.
    var statusLine: String {
        let (lanes, applied) = state.withLock { ($0.lanesOwned, $0.applied) }
        return "\(lanes) lanes, \(applied) mutations applied"
    }

    func parked() { metrics.parked.add() }

    func settled(_ outcome: SettleOutcome) {
        if case .settled = outcome { return }
        metrics.settlesRefused.add()
        log.warn("settle refused", .text("outcome", "\(outcome)"))
    }

    func queueFailed(_ error: QueueError) {
        metrics.redisErrors.add()
        state.withLock { $0.redisIsGood = false }
        log.warn("redis failed", .text("error", "\(error)"))
    }

    func ledgerFailed(_ error: LedgerError, of applier: Int) {
        metrics.postgresErrors.add()
        if case .unreachable = error {
            let now = clock.now()
            state.withLock { state in if state.cutOff[applier] == nil { state.cutOff[applier] = now } }
        }
        if case .outage(_, sessionLost: true) = error {
            metrics.retriesKiller.add()
        } else {
            metrics.retriesOutage.add()
        }
        log.warn("postgresql failed", .text("error", error.summary))
    }

    /// An applier that did not reach PostgreSQL does again.
    func ledgerReached(by applier: Int) { state.withLock { $0.cutOff[applier] = nil } }

    // MARK: housework

    func houseworkFailed(_ error: String) { log.warn("housework failed", .text("error", error)) }

    func madeDay(_ day: Partitions.Day) { log.info("made a day of the inbox", .text("table", day.table)) }

    func droppedDay(_ day: Partitions.Day) {
        metrics.partitionsDropped.add()
        log.info("dropped a day of the inbox", .text("table", day.table))
    }

    func finishedRedrives(_ count: Int) {
        metrics.redriven.add(count)
        log.info("finished redrives", .integer("count", count))
    }

    /// Puts what is new in a batch into lines, to be written once it is committed.
    func describe(_ batch: Batch, to lines: inout LogBatch) {
        let logsEach = log.writes(.info)
        for place in batch.entries.indices {
            switch batch.entries[place].outcome {
            case .done(let verdict, _, isNew: true):
                if logsEach, let mutation = batch.entries[place].mutation {
                    lines.add(.info, "applied") { mutation.log(verdict, to: &$0) }
                }
            case .dead(let death):
                lines.add(.warn, "dead-lettered", batch.entries[place].logFields(death))
            case .open, .behind, .parked, .parkedAfter, .done: break
            }
        }
    }

    /// A batch was committed: counts what is new in it.
    func applied(_ batch: Batch, started: Timestamp, now: Timestamp) {
        metrics.batchSize.observe(Double(batch.entries.count))
        metrics.applySeconds.observe(now - started)
        var count = 0
        for place in batch.entries.indices {
            switch batch.entries[place].outcome {
            case .done(let verdict, _, isNew: true):
                guard let mutation = batch.entries[place].mutation else { continue }
                count += 1
                metrics.count(mutation.operation, verdict)
                metrics.acceptToResult.observe(now - Timestamp(milliseconds: mutation.id.milliseconds))
            case .dead(let death):
                count += 1
                metrics.count(death.reason)
                if let mutation = batch.entries[place].mutation {
                    metrics.count(mutation.operation, .refused(.deadLettered))
                }
            case .open, .behind, .parked, .parkedAfter, .done: break
            }
        }
        state.withLock { $0.applied += count }
    }
}

extension LedgerError {
    /// One line without what a row may hold.
    fileprivate var summary: String {
        switch self {
        case .unreachable(let fault): fault.message
        case .outage(let fault, let isLost):
            "\(fault.sqlState) \(fault.message)\(isLost ? " (session lost)" : "")"
        case .refused(let fault, _): "\(fault.sqlState) refused"
        case .overtaken: "the inbox was overtaken"
        }
    }
}

extension DecodedMutation {
    fileprivate func log(_ verdict: Verdict, to line: inout LogLines) {
        line.word("op", operation.name)
        line.bytes("user_id", value.user.bytes)
        line.uuid("task_id", value.task)
        line.uuid("request_id", value.id)
        line.integer("verdict", verdict.status)
        if let traceID = value.traceID { line.bytes("trace_id", traceID) }
    }
}

extension BatchEntry {
    fileprivate func logFields(_ death: Death) -> [LogField] {
        var fields: [LogField] = [
            .text("reason", death.reason.rawValue), .uuid("request_id", id),
            .text("signature", death.signature),
        ]
        if let mutation {
            fields += [
                .word("op", mutation.operation.name), .bytes("user_id", mutation.user.bytes),
                .uuid("task_id", mutation.task),
            ]
            if let traceID = mutation.value.traceID { fields.append(.bytes("trace_id", traceID)) }
        }
        return fields
    }
}
