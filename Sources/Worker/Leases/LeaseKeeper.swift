import Shared

/// Holds this worker's leases: says that it lives, shares the lanes with the others that live, takes, renews and
/// releases. One of these runs for each process, on a thread and a queue connection of its own.
final class LeaseKeeper {
    struct Settings: Sendable {
        var lanes: Int
        var lease: Duration = .seconds(10)
        var renewEvery: Duration = .seconds(3)
        /// Between two looks at who lives: bounds how long a released lane stands still.
        var tick: Duration = .milliseconds(200)
        /// A worker that was silent for longer has its lanes taken as soon as its leases run out.
        var silentAfter: Duration = .seconds(5)
        var forgetAfter: Duration = .seconds(60)
    }

    private let worker: WorkerID
    private let settings: Settings
    private let queue: any Queue
    private let board: LaneBoard
    private let clock: WorkerClock
    private let report: WorkerReport
    private let wakeAppliers: @Sendable () -> Void
    private let isDead: (WorkerSign) -> Bool
    private let reader = JSONReader()
    private var random: any RandomNumberGenerator
    private var backoff = Backoff.outage
    /// When each lease runs out unless it is renewed: counted from before the call, so never later than the queue has it.
    private var until: [Lease: Timestamp] = [:]
    private var renewAt = Timestamp(micros: 0)

    init(
        worker: WorkerID, settings: Settings, queue: any Queue, board: LaneBoard, clock: WorkerClock,
        report: WorkerReport, random: any RandomNumberGenerator,
        wakeAppliers: @escaping @Sendable () -> Void, isDead: @escaping (WorkerSign) -> Bool = { _ in false }
    ) {
        self.isDead = isDead
        self.worker = worker
        self.settings = settings
        self.queue = queue
        self.board = board
        self.clock = clock
        self.report = report
        self.random = random
        self.wakeAppliers = wakeAppliers
    }

    /// Runs until the board stops; `finish` then gives the lanes back.
    func run() async {
        while !board.isStopping {
            do throws(QueueError) {
                try await turn()
                // Redis is back: appliers that wait it out need not wait longer.
                if backoff.failures > 0 { wakeAppliers() }
                backoff.reset()
                await clock.pause(settings.tick)
            } catch {
                report.queueFailed(error)
                dropExpired()
                await clock.pause(min(backoff.next(&random), .seconds(2)))
            }
        }
    }

    /// Gives every lane back and leaves the registry, once the appliers have ended.
    func finish() async {
        let leases = board.takeAll()
        do throws(QueueError) {
            try await queue.release(leases)
            try await queue.leave(worker)
        } catch {
            // The leases run out by themselves.
            report.queueFailed(error)
        }
        report.lanesOwned(0)
    }

    /// One look at who lives, and what follows from it.
    func turn() async throws(QueueError) {
        let signs = try await queue.heartbeat(
            worker, info: report.heartbeat(), forgetAfter: settings.forgetAfter)
        let dead = Set(signs.filter { $0.worker != worker && isDead($0) }.map(\.worker))
        let living = signs.filter {
            $0.worker == worker || $0.age <= settings.silentAfter && !dead.contains($0.worker)
        }
        let wanted = share(among: living)
        dropExpired()
        try await renew()
        try await giveBack(allBut: wanted)
        try await take(wanted, dead)
        report.lanesOwned(board.held.count)
    }

    /// This worker's lanes. One that is cut off from PostgreSQL would only hold lanes that another could apply; where
    /// nobody reaches it, all share as ever, and are at work when it is back.
    private func share(among living: [WorkerSign]) -> Set<Lane> {
        let isCutOff = { (sign: WorkerSign) in
            WorkerInfo(sign.info, reader: self.reader)?.cutOffSince != nil
        }
        let able = living.filter { !isCutOff($0) }.map(\.worker)
        if able.isEmpty {
            return Rendezvous.lanes(of: worker, among: living.map(\.worker), count: settings.lanes)
        }
        return able.contains(worker)
            ? Rendezvous.lanes(of: worker, among: able, count: settings.lanes) : []
    }

    private func renew() async throws(QueueError) {
        let now = clock.now()
        guard now >= renewAt else { return }
        let leases = board.all
        if !leases.isEmpty {
            let isHeld = try await queue.renew(leases, for: settings.lease)
            var lost: [Lease] = []
            for (lease, isHeld) in zip(leases, isHeld) {
                if isHeld { until[lease] = now + settings.lease } else { lost.append(lease) }
            }
            forget(lost)
        }
        renewAt = now + settings.renewEvery
    }

    /// Leases that could not be renewed in time are nobody's to work under.
    func dropExpired() {
        let now = clock.now()
        forget(board.all.filter { (until[$0] ?? now) <= now })
    }

    private func forget(_ leases: [Lease]) {
        guard !leases.isEmpty else { return }
        for lease in leases { until[lease] = nil }
        board.drop(leases)
        report.leasesLost(leases.count)
    }

    private func giveBack(allBut wanted: Set<Lane>) async throws(QueueError) {
        let extra = board.held.keys.filter { !wanted.contains($0) }
        if !extra.isEmpty {
            board.withdraw(extra)
            wakeAppliers()
        }
        let idle = board.takeIdle()
        guard !idle.isEmpty else { return }
        for lease in idle { until[lease] = nil }
        try await queue.release(idle)
    }

    /// - Parameter dead: workers that are dead for certain: their leases end now, and the next turn takes the lanes. That
    ///   counts as the crash that it was: only the lease ends, its holder stays.
    private func take(_ wanted: Set<Lane>, _ dead: Set<WorkerID>) async throws(QueueError) {
        let held = Set(board.all.map(\.lane))
        let missing = wanted.subtracting(held).sorted()
        guard !missing.isEmpty else { return }
        let token = LeaseToken(worker: worker, nonce: random.next())
        let now = clock.now()
        let answers = try await queue.acquire(missing, as: token, for: settings.lease)
        var taken = 0
        var left: [Lease] = []
        for (lane, answer) in zip(missing, answers) {
            if case .held(let holder) = answer, dead.contains(holder.worker) {
                left.append(Lease(lane: lane, token: holder))
            }
            guard case .acquired(let isClean, let crashes) = answer else { continue }
            let lease = Lease(lane: lane, token: token)
            until[lease] = now + settings.lease
            board.grant(lease, isClean: isClean, crashes: crashes)
            report.tookOver(clean: isClean)
            taken += 1
        }
        if taken > 0 { wakeAppliers() }
        if !left.isEmpty { _ = try await queue.renew(left, for: .zero) }
    }
}
