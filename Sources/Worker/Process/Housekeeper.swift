import Shared

/// What a worker does beside applying: it makes the coming days of the inbox, drops those past the retention, finishes
/// redrives that a crash left half done, and gives the settings back to a Redis that lost them. Every worker does it;
/// whoever comes second finds nothing to do.
final class Housekeeper {
    struct Settings: Sendable {
        var lanes: Int
        var retentionDays = 7
        var sweepEvery: Duration = .seconds(30)
        var partitionsEvery: Duration = .seconds(1800)
        /// Between two looks at whether Redis was flushed, or PostgreSQL is away.
        var restoreEvery: Duration = .seconds(2)
        /// After a round that failed.
        var retryEvery: Duration = .seconds(1)
    }

    private let settings: Settings
    private let options: PostgresOptions
    private let queue: any Queue
    private let board: LaneBoard
    private let clock: WorkerClock
    private let report: WorkerReport
    private let wakeAppliers: @Sendable () -> Void
    private var isFailing = false
    private var session: PostgresConnection?
    private var nextPartitions = Timestamp(micros: 0)
    private var nextSweep = Timestamp(micros: 0)

    init(
        settings: Settings, options: PostgresOptions, queue: any Queue, board: LaneBoard, clock: WorkerClock,
        report: WorkerReport, wakeAppliers: @escaping @Sendable () -> Void
    ) {
        self.settings = settings
        self.options = options
        self.queue = queue
        self.board = board
        self.clock = clock
        self.report = report
        self.wakeAppliers = wakeAppliers
    }

    /// Runs until the board stops. What fails is tried again at the next round. Where PostgreSQL was away and is back,
    /// the appliers are told, who after a long outage would wait for half a minute more.
    func run() async {
        while !board.isStopping {
            do {
                try await round()
                if isFailing { wakeAppliers() }
                isFailing = false
            } catch {
                if !isFailing { report.houseworkFailed("\(error)") }
                isFailing = true
            }
            await clock.pause(isFailing ? settings.retryEvery : settings.restoreEvery)
        }
    }

    private func round() async throws {
        let session = try connect()
        let now = clock.now()
        try await Shared.Settings.check(session, lanes: settings.lanes).restore(to: queue)
        if now >= nextPartitions {
            let partitions = Partitions(session)
            for day in try partitions.make(from: now) { report.madeDay(day) }
            for day in try partitions.drop(before: try await keepFrom(now)) { report.droppedDay(day) }
            nextPartitions = now + settings.partitionsEvery
        }
        guard now >= nextSweep else { return }
        nextSweep = now + settings.sweepEvery
        let letters = DeadLetters(session, lanes: settings.lanes)
        let finished = try await letters.sweep(queue, olderThan: settings.sweepEvery)
        if finished > 0 { report.finishedRedrives(finished) }
    }

    private func connect() throws(PostgresError) -> PostgresConnection {
        if let session, session.isOpen { return session }
        let fresh = try PostgresConnection(options)
        session = fresh
        return fresh
    }

    /// Nothing younger may be dropped: the retention, or the oldest entry that waits in a lane or parked.
    private func keepFrom(_ now: Timestamp) async throws(QueueError) -> Timestamp {
        let reader = JSONReader()
        let lanes = (0..<settings.lanes).map { Lane($0) }
        let prefixes = try await queue.peek(lanes.map { PrefixRequest($0, count: 1) })
        var heads = prefixes.map(\.entries)
        let busy = prefixes.filter { $0.parkedUsers > 0 }.map(\.lane)
        if !busy.isEmpty {
            let parked = try await queue.due(busy, at: now + .seconds(86400), limit: 10_000)
            heads += try await queue.peekParked(parked, count: 1).map(\.entries)
        }
        let retention = Timestamp(micros: now.micros - Int64(settings.retentionDays) * 86_400_000_000)
        return heads.reduce(retention) { oldest, list in
            guard !list.isEmpty else { return oldest }
            // What cannot be read has no place in the inbox.
            let mutation = list.withEntry(0) { try? Mutation(entry: $0, reader: reader) }
            return min(oldest, mutation.map { Timestamp(milliseconds: $0.id.milliseconds) } ?? oldest)
        }
    }
}
