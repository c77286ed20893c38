import Shared
import Support
import Synchronization
import Testing

@testable import Worker

@Suite struct `Rendezvous hashing` {
    private let workers = ["a", "b", "c"].map { WorkerID($0) }

    @Test func `gives each lane to one worker`() {
        let shares = workers.map { Rendezvous.lanes(of: $0, among: workers, count: 256) }
        #expect(shares.reduce(0) { $0 + $1.count } == 256)
        #expect(shares.reduce(Set()) { $0.union($1) }.count == 256)
        #expect(shares.allSatisfy { (50...120).contains($0.count) })
    }

    @Test func `moves only the share of a worker that goes`() {
        let before = Rendezvous.lanes(of: workers[0], among: workers, count: 256)
        let after = Rendezvous.lanes(of: workers[0], among: Array(workers[..<2]), count: 256)
        #expect(before.isSubset(of: after))
    }
}

@Suite struct `The lease thread` {
    private final class Time: Sendable {
        private let now = Mutex(Timestamp(micros: 1_000_000_000_000))
        var value: Timestamp { now.withLock { $0 } }
        func jump(_ duration: Duration) { now.withLock { $0 = $0 + duration } }
    }

    private let time = Time()
    private let lanes: MemoryLanes
    private let report: WorkerReport
    private let clock: WorkerClock

    init() {
        let time = time
        clock = WorkerClock(now: { time.value }, pause: { time.jump($0) })
        lanes = MemoryLanes(now: { time.value })
        report = WorkerReport(
            log: Log(level: .error, format: .json), metrics: WorkerMetrics(MetricRegistry()), clock: clock)
    }

    private func keeper(
        _ name: String, _ board: LaneBoard, _ queue: MemoryQueue, _ ownReport: WorkerReport? = nil,
        isDead: @escaping (WorkerSign) -> Bool = { _ in false }
    ) -> LeaseKeeper {
        LeaseKeeper(
            worker: WorkerID(name), settings: LeaseKeeper.Settings(lanes: 16), queue: queue, board: board,
            clock: clock, report: ownReport ?? report, random: SplitMix64(seed: UInt64(name.utf8.count)),
            wakeAppliers: {}, isDead: isDead)
    }

    @Test func `takes every lane when it is alone, and gives all back at its end`() async throws {
        let board = LaneBoard(appliers: 1)
        let keeper = keeper("w", board, MemoryQueue(lanes))
        try await keeper.turn()
        #expect(board.held.count == 16)
        await keeper.finish()
        let next = LaneBoard(appliers: 1)
        let successor = self.keeper("next", next, MemoryQueue(lanes))
        try await successor.turn()
        #expect(next.held.count == 16)
        #expect(report.metrics.takeoversCrash.value == 0)
    }

    @Test func `hands lanes to a worker that joins, once no batch has them`() async throws {
        let (old, new) = (LaneBoard(appliers: 1), LaneBoard(appliers: 1))
        let (first, second) = (
            keeper("w", old, MemoryQueue(lanes)), keeper("joiner", new, MemoryQueue(lanes))
        )
        try await first.turn()
        try await second.turn()
        #expect(new.held.isEmpty)
        try await first.turn()
        try await second.turn()
        #expect(new.held.isEmpty, "the applier has not let go yet")
        _ = old.share(of: 0, after: -1)
        try await first.turn()
        try await second.turn()
        #expect(old.held.count + new.held.count == 16)
        #expect(!new.held.isEmpty && !old.held.isEmpty)
    }

    @Test func `takes the lanes of a worker that died when its leases run out`() async throws {
        let (dead, living) = (LaneBoard(appliers: 1), LaneBoard(appliers: 1))
        try await keeper("dead", dead, MemoryQueue(lanes)).turn()
        let survivor = keeper("w", living, MemoryQueue(lanes))
        var waited = Duration.zero
        while living.held.count < 16 && waited < .seconds(60) {
            time.jump(.milliseconds(200))
            waited += .milliseconds(200)
            try await survivor.turn()
        }
        #expect(waited <= .seconds(12))
        #expect(report.metrics.takeoversCrash.value == 16)
    }

    @Test func `takes the lanes of a worker that is dead for certain at once, and counts the crash`()
        async throws
    {
        let (dead, living) = (LaneBoard(appliers: 1), LaneBoard(appliers: 1))
        try await keeper("dead", dead, MemoryQueue(lanes)).turn()
        let survivor = keeper("w", living, MemoryQueue(lanes)) { $0.worker == WorkerID("dead") }
        try await survivor.turn()
        #expect(living.held.isEmpty)
        try await survivor.turn()
        #expect(living.held.count == 16)
        #expect(report.metrics.takeoversCrash.value == 16)
    }

    private func newReport() -> WorkerReport {
        WorkerReport(
            log: Log(level: .error, format: .json), metrics: WorkerMetrics(MetricRegistry()), clock: clock)
    }

    /// One look of each at the others, and the applier lets go of what was withdrawn.
    private func turn(_ workers: [(keeper: LeaseKeeper, board: LaneBoard)]) async throws {
        for worker in workers {
            try await worker.keeper.turn()
            _ = worker.board.share(of: 0, after: -1)
        }
    }

    @Test func `leaves the lanes to those who reach PostgreSQL, and shares them again when it does`()
        async throws
    {
        let reports = [newReport(), newReport()]
        let boards = [LaneBoard(appliers: 1), LaneBoard(appliers: 1)]
        let workers = ["w", "other"].enumerated().map { place, name in
            (keeper: keeper(name, boards[place], MemoryQueue(lanes), reports[place]), board: boards[place])
        }
        for _ in 1...4 { try await turn(workers) }
        let shares = boards.map(\.held.count)
        #expect(shares.allSatisfy { $0 > 0 } && shares.reduce(0, +) == 16)

        let gone = LedgerError.unreachable(DatabaseFault(sqlState: "", message: "gone"))
        reports[0].ledgerFailed(gone, of: 0)
        for _ in 1...4 { try await turn(workers) }
        #expect(boards.map(\.held.count) == shares, "a moment is no reason to move lanes")
        time.jump(.seconds(3))
        for _ in 1...4 { try await turn(workers) }
        #expect(boards.map(\.held.count) == [0, 16])

        // Nobody reaches it: then nobody is better than the others.
        reports[1].ledgerFailed(gone, of: 0)
        time.jump(.seconds(3))
        for _ in 1...4 { try await turn(workers) }
        #expect(boards.map(\.held.count) == shares)

        for report in reports { report.ledgerReached(by: 0) }
        for _ in 1...4 { try await turn(workers) }
        #expect(boards.map(\.held.count) == shares)
        #expect(reports[0].metrics.takeoversCrash.value == 0)
    }

    @Test func `drops leases that it could not renew in time`() async throws {
        let board = LaneBoard(appliers: 1)
        let isCut = Mutex(false)
        let queue = MemoryQueue(lanes, fault: { _ in isCut.withLock { $0 } ? .unsent : .none })
        let keeper = keeper("w", board, queue)
        try await keeper.turn()
        isCut.withLock { $0 = true }
        time.jump(.seconds(11))
        keeper.dropExpired()
        #expect(board.held.isEmpty)
    }
}

@Suite struct `Workers of one machine` {
    private let reader = JSONReader()

    private func sign(_ worker: String, _ age: Duration, _ info: String) -> WorkerSign {
        WorkerSign(worker: WorkerID(worker), age: age, info: Array(info.utf8))
    }

    @Test func `are dead when the kernel does not know them and nobody has heard of them`() throws {
        let here = LocalWorkers(place: "here", processID: 5)
        let child = try ChildProcess(["true"], logPath: TemporaryDirectory.make("gone") + "/log")
        child.waitForEnd(seconds: 10)
        let gone = "vm:\(child.id):0a"
        let info = #"{"lanes":3,"place":"here"}"#
        #expect(here.isDead(sign(gone, .seconds(2), info), reader: reader))
        #expect(!here.isDead(sign(gone, .milliseconds(200), info), reader: reader))
        #expect(!here.isDead(sign(gone, .seconds(2), #"{"place":"there"}"#), reader: reader))
        #expect(!here.isDead(sign(gone, .seconds(2), #"{"lanes":3}"#), reader: reader))
        #expect(!here.isDead(sign(gone, .seconds(2), "?"), reader: reader))
        #expect(!here.isDead(sign("gone", .seconds(2), info), reader: reader))
        #expect(!here.isDead(sign("vm:1:0a", .seconds(2), info), reader: reader))
        #expect(here.isDead(sign("vm:5:0a", .seconds(2), info), reader: reader))
        #expect(!LocalWorkers(place: nil, processID: 5).isDead(sign(gone, .seconds(2), info), reader: reader))
    }

    @Test func `know their place`() {
        #expect(LocalWorkers().place == LocalWorkers().place)
    }
}

@Suite struct `Trouble with a lane` {
    private let attempt = Attempt(
        at: Timestamp(micros: 0), worker: WorkerID("w"), sqlState: "57P01", message: "killed")

    @Test func `halves the prefix after three losses, down to one`() {
        var trouble = LaneTrouble(batch: 500)
        for _ in 0..<2 { trouble.lostSession(500, attempt, now: Timestamp(micros: 0)) }
        #expect(trouble.limit == 500)
        trouble.lostSession(500, attempt, now: Timestamp(micros: 0))
        #expect(trouble.limit == 250 && !trouble.isAlone)
        for _ in 0..<7 { trouble.lostSession(trouble.limit, attempt, now: Timestamp(micros: 0)) }
        #expect(trouble.limit == 1 && trouble.isAlone)
    }

    @Test func `is over when all suspects have passed`() {
        var trouble = LaneTrouble(batch: 10, crashes: 2)
        #expect(trouble.isAlone)
        #expect(trouble.crashesAfter(1) == 2)
        for _ in 0..<9 {
            let isOver = trouble.passed(1)
            #expect(!isOver)
        }
        #expect(trouble.crashesAfter(1) == 0)
        let isOver = trouble.passed(1)
        #expect(isOver)
    }

    @Test func `grows its waits up to half a minute, and draws them`() {
        var backoff = Backoff.outage
        var random = SplitMix64(seed: 1)
        let waits = (0..<40).map { _ in backoff.next(&random) }
        #expect(waits.allSatisfy { $0 <= .seconds(30) })
        let retries = (1...200).map { _ in Backoff.retry(attempts: 30, &random) }
        #expect(retries.allSatisfy { $0 <= .seconds(300) } && Set(retries).count > 100)
    }
}
