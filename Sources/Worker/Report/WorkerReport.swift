import Shared
import Synchronization

/// What a worker tells of itself: metrics (OPERATE.md §2), log lines (§3), its heartbeat and its health. Any thread.
final class WorkerReport: Sendable {
    private struct State {
        var lanesOwned = 0
        var lanesReady = false
        var applied = 0
        var redisIsGood = true
        var postgresIsGood = true
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

    /// What operators see of this worker: a JSON object in `tl:workers`.
    func heartbeat() -> [UInt8] {
        let (lanes, applied, progress) = state.withLock {
            ($0.lanesOwned, $0.applied, $0.progress.values.max() ?? startedAt)
        }
        var json = JSONWriter(capacity: 160)
        json.beginObject()
        json.key("lanes")
        json.integer(lanes)
        json.key("applied")
        json.integer(applied)
        json.key("started_at")
        json.timestamp(startedAt)
        json.key("last_progress_at")
        json.timestamp(progress)
        if let place {
            json.key("place")
            json.string(place)
        }
        json.endObject()
        return json.bytes
    }

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
                ("postgresql", state.postgresIsGood),
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

    func ledgerFailed(_ error: LedgerError) {
        metrics.postgresErrors.add()
        if case .unreachable = error { state.withLock { $0.postgresIsGood = false } }
        if case .outage(_, sessionLost: true) = error {
            metrics.retriesKiller.add()
        } else {
            metrics.retriesOutage.add()
        }
        log.warn("postgresql failed", .text("error", error.summary))
    }

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
        state.withLock { state in
            state.applied += count
            state.postgresIsGood = true
        }
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
