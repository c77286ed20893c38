import Shared

/// Applies the mutations of its lanes: peek → fold → one transaction → settle (DESIGN.md §1).
///
/// One thread runs it, from top to bottom: the queue and the ledger block behind their `async`, so no state changes
/// across an `await` but by this code. The simulation runs the same code on an executor of its own.
final class Applier {
    struct Settings: Sendable {
        var number = 0
        var worker: WorkerID
        /// Mutations in one transaction at most.
        var batch = 500
        var attemptsMax = 8
        /// Entries older than this ask how far back the inbox can vouch.
        var oldAfter: Duration = .seconds(23 * 3600)
        var sweepEvery: Duration = .seconds(1)
        /// Users of a lane that are retried in one transaction.
        var retriesMax = 64
        /// Batches that are read carefully after a presumption was wrong, so that what keeps being wrong costs little.
        var waryFor = 64
    }

    let settings: Settings
    let queue: any Queue
    let ledger: any Ledger
    let board: LaneBoard
    let clock: WorkerClock
    let report: WorkerReport
    var random: any RandomNumberGenerator
    let reader = JSONReader()
    /// Lines about the batch in hands, written when it is committed.
    var lines: LogBatch

    var leases: [Lane: Lease] = [:] {
        didSet { lanes = leases.keys.sorted() }
    }
    /// Those of `leases`.
    private var lanes: [Lane] = []
    private var generation = -1
    /// Lanes that may hold entries, as far as this applier knows.
    var pending: Set<Lane> = []
    var paused: Set<Lane> = []
    /// Lanes whose entries should be new to the inbox: handed over in order, or settled up to the last batch.
    var settled: Set<Lane> = []
    /// Batches yet to be read carefully.
    var wary = 0
    var rota = LaneRota()
    /// What came with the last settle: the prefixes of the next batch, unless anything happens to its lanes before.
    var ahead: [LanePrefix] = []
    var troubles: [Lane: LaneTrouble] = [:]
    /// Parked users whose retry lost the session: tried one entry at a time.
    var suspects: Set<UserID> = []
    var outage = Backoff.outage
    /// PostgreSQL could not be reached when it was tried last.
    var isCutOff = false
    private var nextSweep = Timestamp(micros: 0)
    private var nextLookAtPaused = Timestamp(micros: 0)
    private var takesTroubled = false

    init(
        settings: Settings, queue: any Queue, ledger: any Ledger, board: LaneBoard, clock: WorkerClock,
        report: WorkerReport, random: any RandomNumberGenerator
    ) {
        self.settings = settings
        self.queue = queue
        self.ledger = ledger
        self.board = board
        self.clock = clock
        self.report = report
        lines = LogBatch(report.log)
        self.random = random
    }

    /// Runs until the board stops, and ends between two batches.
    func run() async {
        var queueBackoff = Backoff.outage
        while true {
            updateShare()
            if board.isStopping { break }
            // No batch would find out that PostgreSQL is back: its lanes may be another worker's by now.
            if isCutOff && pending.isEmpty { await lookForLedger() }
            do throws(QueueError) {
                if try await !turn() {
                    let rang = try await queue.awaitBell(lanes, limit: restLimit())
                    pending.formUnion(worthALook(rang))
                    // Rest is progress too: there is nothing to do.
                    if pending.isEmpty { report.progressed(settings.number) }
                }
                queueBackoff.reset()
            } catch {
                // Whatever was under way may have happened or not; every lane is read again.
                report.queueFailed(error)
                pending.formUnion(leases.keys)
                // To wait for a store is all there is to do; a new process would wait as well.
                report.progressed(settings.number)
                await clock.pause(queueBackoff.next(&random))
            }
        }
        await ledger.abandon()
    }

    /// Takes the lanes that the lease thread has given, and lets go of those it wants back.
    private func updateShare() {
        guard let share = board.share(of: settings.number, after: generation) else { return }
        generation = share.generation
        ahead = []
        for (lane, lease) in share.leases where leases[lane] != lease {
            pending.insert(lane)
            settled.remove(lane)
        }
        leases = share.leases
        settled.formUnion(share.clean)
        settled = settled.filter { leases[$0] != nil }
        pending = pending.filter { leases[$0] != nil }
        paused = paused.filter { leases[$0] != nil }
        rota.keep { leases[$0] != nil }
        troubles = troubles.filter { leases[$0.key] != nil }
        for (lane, crashes) in share.crashes {
            troubles[lane] = LaneTrouble(batch: settings.batch, crashes: crashes)
        }
    }

    /// Lanes that rang. A paused one rings with every push, and once more when it is resumed: ten looks a second.
    private func worthALook(_ rang: Set<Lane>) -> Set<Lane> {
        guard !paused.isDisjoint(with: rang) else { return rang }
        let now = clock.now()
        guard now >= nextLookAtPaused else { return rang.subtracting(paused) }
        nextLookAtPaused = now + .milliseconds(100)
        return rang
    }

    /// The next turn sweeps: a parked user has more that is due.
    func retrySoon() { nextSweep = clock.now() }

    /// One batch, or what is due each second. False when there was nothing to do.
    private func turn() async throws(QueueError) -> Bool {
        let now = clock.now()
        if now >= nextSweep {
            nextSweep = now + settings.sweepEvery
            // Who is never at rest hears the bells here, before the server drops a listener that does not read.
            _ = try await queue.awaitBell(lanes, limit: .zero)
            pending.formUnion(leases.keys)
            let worked = try await applyPending(now)
            return try await retryDue() || worked
        }
        return try await applyPending(now)
    }

    /// How long to listen for bells: till the next sweep, or till a lane in trouble may be tried again.
    private func restLimit() -> Duration {
        let now = clock.now()
        var until = nextSweep
        for lane in pending { if let trouble = troubles[lane] { until = min(until, trouble.notBefore) } }
        return max(.milliseconds(1), until - now)
    }

    private func applyPending(_ now: Timestamp) async throws(QueueError) -> Bool {
        // A lane in trouble goes alone, every other turn, so that it neither holds up the others nor waits for them.
        takesTroubled.toggle()
        let troubled = pending.filter { (troubles[$0]?.notBefore).map { $0 <= now } ?? false }.min()
        let healthy = pending.filter { troubles[$0] == nil }
        if let lane = troubled, takesTroubled || healthy.isEmpty { return try await applyTroubled(lane) }
        guard !healthy.isEmpty else { return false }
        return try await applyHealthy(healthy)
    }

    /// One batch of the prefixes of several lanes; false when none of them holds anything.
    private func applyHealthy(_ lanes: Set<Lane>) async throws(QueueError) -> Bool {
        let read = ahead.filter { lanes.contains($0.lane) }
        ahead = []
        let prefixes =
            try await read.isEmpty ? queue.peek(rota.choose(from: lanes, batch: settings.batch)) : read
        for prefix in prefixes { rota.note(prefix.lane, depth: prefix.entries.count) }
        let sources = take(rota.cut(prefixes, to: settings.batch))
        // Lanes that were not looked at yet are no reason to rest.
        guard !sources.isEmpty else { return pending.contains { troubles[$0] == nil } }
        try await apply(sources)
        return true
    }

    /// What to read together with the settle of `sources`, to save a trip: lanes that rang while they were applied, and
    /// those that held more than was taken. What has come to the others meanwhile is what their settle tells.
    ///
    /// Nothing for a batch whose clients are told ahead of its settle: they would wait for this look.
    func wantsAhead(_ sources: [BatchSource]) async -> [PrefixRequest] {
        guard sources.reduce(0, { $0 + $1.entries.count }) > DoneMessage.earlyMax else { return [] }
        do throws(QueueError) {
            pending.formUnion(worthALook(try await queue.awaitBell(lanes, limit: .zero)))
        } catch {
            // Bells that are not heard are no reason to keep a settle waiting; the next turn finds out.
            return []
        }
        var lanes = troubles.isEmpty ? pending : pending.filter { troubles[$0] == nil }
        for case .lane(let prefix, _) in sources where !prefix.mayHaveMore { lanes.remove(prefix.lane) }
        return lanes.isEmpty ? [] : rota.choose(from: lanes, batch: settings.batch)
    }

    /// Notes what a peek tells of its lanes; gives those that have something to apply.
    func take(_ prefixes: [LanePrefix]) -> [BatchSource] {
        var sources: [BatchSource] = []
        for prefix in prefixes {
            if prefix.isPaused { paused.insert(prefix.lane) } else { paused.remove(prefix.lane) }
            guard !prefix.isPaused, !prefix.entries.isEmpty, let lease = leases[prefix.lane] else {
                pending.remove(prefix.lane)
                continue
            }
            sources.append(.lane(prefix, lease))
        }
        return sources
    }

    /// The users of each source whose entries are not to be applied, because earlier ones of theirs are parked.
    func parkedBefore(_ sources: [BatchSource]) async throws(QueueError) -> [Set<UserID>] {
        var parked: [Set<UserID>] = []
        for source in sources {
            guard case .lane(let prefix, _) = source, prefix.parkedUsers > 0 else {
                parked.append([])
                continue
            }
            var users: Set<UserID> = []
            for place in 0..<prefix.entries.count {
                prefix.entries.withEntry(place) { entry in
                    if let mutation = try? Mutation(entry: entry, reader: reader) {
                        users.insert(mutation.user)  // what cannot be read belongs to nobody who is parked
                    }
                }
            }
            parked.append(
                users.isEmpty ? [] : try await queue.parked(among: Array(users), of: prefix.lane))
        }
        return parked
    }
}
