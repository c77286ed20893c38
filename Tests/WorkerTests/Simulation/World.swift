import Shared

@testable import Shared
@testable import Worker

/// One history: lanes, tables, producers, workers that die, an operator who redrives; everything drawn from one seed.
final class World: @unchecked Sendable {
    /// A part that is broken on purpose, to show that the checks see it.
    enum Breakage: String, CaseIterable, Sendable {
        case none, inbox, lookUp, uniqueness, leaseCheck, parkingOrder
    }

    /// What goes wrong, and how often, while it does.
    final class Faults: @unchecked Sendable {
        var areOn = true
        var slow = 0.0
        var loss = 0.0
        var death = 0.0
        var late = 0.0
        /// Deaths, stops and lost replies: what a worker may take for a mutation's doing.
        var mishaps = 0
    }

    static let start = Timestamp(rfc3339: Array("2026-11-21T00:00:00Z".utf8).span) ?? Timestamp(micros: 0)

    let seed: UInt64
    let breakage: Breakage
    let executor: SimulatedExecutor
    let lanes: MemoryLanes
    let database: MemoryDatabase
    let faults = Faults()
    let laneCount: Int
    let batch: Int
    let appliers: Int
    /// Accepted, in order: each mutation once, however often it was pushed.
    var accepted: [Mutation] = []
    var pushes: [Lane: Int] = [:]
    var lost: [Lane: Int] = [:]
    var undecodable = 0
    var deaths = 0
    var violations: [String] = []
    var lives: [(life: ProcessLife, board: LaneBoard)] = []
    var isOver = false

    init(seed: UInt64, breakage: Breakage = .none) {
        self.seed = seed
        self.breakage = breakage
        let executor = SimulatedExecutor(seed: seed, start: World.start)
        self.executor = executor
        lanes = MemoryLanes(now: { executor.now })
        database = MemoryDatabase(executor)
        database.tellsNothing = breakage == .inbox || breakage == .lookUp
        database.refusesNothing = breakage == .inbox || breakage == .uniqueness
        laneCount = executor.draw(1...3)
        batch = executor.draw(1...8)
        appliers = executor.draw(1...2)
        let isRough = breakage != .none || executor.chance(0.7)
        faults.slow = isRough ? 0.1 : 0.02
        faults.loss = isRough ? 0.02 : 0
        faults.late = isRough ? 0.02 : 0
        faults.death = isRough ? 0.004 : 0
    }

    /// Runs the history; what it broke, or nothing.
    func run() -> [String] {
        executor.spawn { [self] in await main() }
        guard executor.run() else { return ["the history does not end: \(lanes.busyLanes) are busy"] }
        guard isOver else { return ["the history got stuck"] }
        return violations + database.violations + Invariants(self).broken()
    }

    private func main() async {
        for _ in 0..<executor.draw(1...3) { startWorker() }
        await produce()
        await trouble()
        faults.areOn = false
        database.isDown = false
        if !lives.contains(where: { !$0.life.isDead }) { startWorker() }
        await drain()
        redriveAll()
        await drain()
        for (_, board) in lives { board.stop() }
        isOver = true
    }

    /// Until nothing is queued or parked; an end that does not come is a violation.
    private func drain() async {
        let deadline = executor.now + .seconds(600)
        while !lanes.busyLanes.isEmpty {
            if executor.now > deadline {
                violations.append("the lanes do not drain: \(lanes.busyLanes.map { describe($0) })")
                return
            }
            await executor.sleep(.milliseconds(500))
        }
    }

    private func describe(_ lane: Lane) -> String {
        let state = lanes.with(lane) { $0 }
        let owner = state.owner.map { "\($0.token.worker) until \($0.until)" } ?? "nobody"
        let head = state.queue.first.map { String(decoding: $0, as: UTF8.self) } ?? "-"
        return "\(lane) of \(owner) at \(executor.now), \(state.queue.count) queued from \(head), "
            + "\(state.parked.mapValues(\.count)) due \(state.due), alone \(state.alone), "
            + "\(lives.filter { !$0.life.isDead }.count) of \(lives.count) live"
    }

    // MARK: workers

    func startWorker() {
        let life = ProcessLife(executor, faults)
        let board = LaneBoard(appliers: appliers)
        let name = WorkerID("w\(lives.count)")
        lives.append((life, board))
        life.onDeath = { [self] in
            deaths += 1
            if let transaction = life.transaction { database.end(transaction) }
            board.stop()
            if deaths < 8 { startWorker() }
        }
        let executor = executor
        let clock = WorkerClock(now: { executor.now }, pause: { await executor.sleep($0) })
        let report = WorkerReport(log: World.silence, metrics: World.metrics, clock: clock)
        var leases = LeaseKeeper.Settings(lanes: laneCount)
        leases.lease = .seconds(3)
        leases.renewEvery = .seconds(1)
        leases.tick = .milliseconds(800)
        leases.silentAfter = .seconds(2)
        let keeperRandom = SplitMix64(seed: executor.random.next())
        executor.spawn { [self, leases] in
            let keeper = LeaseKeeper(
                worker: name, settings: leases, queue: queue(life), board: board, clock: clock,
                report: report, random: keeperRandom, wakeAppliers: {})
            await keeper.run()
        }
        for number in 0..<appliers {
            let random = SplitMix64(seed: executor.random.next())
            executor.spawn { [self] in
                var settings = Applier.Settings(worker: name)
                settings.number = number
                settings.batch = batch
                settings.attemptsMax = 3
                settings.waryFor = executor.draw(0...3)
                let applier = Applier(
                    settings: settings, queue: queue(life), ledger: MemoryLedger(database, life),
                    board: board,
                    clock: clock, report: report, random: random)
                await applier.run()
            }
        }
    }

    /// For all histories: nobody reads them.
    private static let silence = Log(level: .error, format: .json, descriptor: -1)
    private static let metrics = WorkerMetrics(MetricRegistry())

    private func queue(_ life: ProcessLife) -> any Queue {
        let box = Box()
        let queue = MemoryQueue(
            lanes,
            fault: { [self] call in
                switch await life.step() {
                case .dies: return .unsent
                case .loses: return executor.chance(0.5) ? .unsent : .replyLost
                case .goesOn: break
                }
                guard faults.areOn, call == .settle || call == .settleParked, executor.chance(faults.late)
                else {
                    return .none
                }
                executor.spawn { [self] in
                    await executor.sleep(executor.draw(upTo: .seconds(8)))
                    box.queue?.deliverLate()
                }
                return .late
            }, pause: { [executor] in await executor.sleep($0) })
        box.queue = queue
        return WatchedQueue(queue, self)
    }

    private final class Box: @unchecked Sendable {
        var queue: MemoryQueue?
    }

    // MARK: what happens to them

    private func trouble() async {
        for _ in 0..<executor.draw(0...4) {
            await executor.sleep(executor.draw(upTo: .seconds(1)))
            let living = lives.filter { !$0.life.isDead }
            guard let victim = living.randomElement(using: &executor.random) else { continue }
            switch executor.draw(0...6) {
            case 0: victim.life.die()
            case 1: victim.life.stop(for: executor.draw(upTo: .seconds(8)))
            case 2: startWorker()
            case 3:
                database.isDown = true
                await executor.sleep(executor.draw(upTo: .seconds(2)))
                database.isDown = false
            case 4: loseTail()
            case 5: victim.life.cutOff(for: executor.draw(upTo: .seconds(12)))
            default: redriveAll()
            }
        }
        await executor.sleep(executor.draw(upTo: .seconds(1)))
    }

    /// Redis comes back without its last pushes.
    private func loseTail() {
        guard let lane = lanes.busyLanes.randomElement(using: &executor.random) else { return }
        let count = min(lanes.depth(lane), executor.draw(0...2))
        lanes.losePushes(count, of: lane)
        lost[lane, default: 0] += count
    }
}
