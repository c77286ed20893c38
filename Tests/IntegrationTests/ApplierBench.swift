import Shared
import Support
import Synchronization

@testable import Worker

/// One applier over a real PostgreSQL and lanes in memory, with a clock that jumps instead of waiting.
final class ApplierBench: Sendable {
    static let lane = Lane(0)
    static let user = UserID("u1")!

    let lanes: MemoryLanes
    let url: String
    private let token = LeaseToken(worker: WorkerID("w"), nonce: 1)

    init() throws {
        url = PrivateDatabase.current.url
        let now = Timestamp(rfc3339: Array("2026-11-21T12:00:00Z".utf8).span)!
        let time = Time(now)
        lanes = MemoryLanes(now: { time.now })
        clockTime = time
        let session = try PostgresConnection(PostgresOptions(url: url, applicationName: "test"))
        try Migrator(session, lanes: 1).migrate { _ in }
        _ = try Partitions(session).make(from: now, daysAhead: 1)
    }

    final class Time: Sendable {
        private let micros: Mutex<Timestamp>
        init(_ now: Timestamp) { micros = Mutex(now) }
        var now: Timestamp { micros.withLock { $0 } }
        func jump(_ duration: Duration) { micros.withLock { $0 = $0 + duration } }
    }
    let clockTime: Time

    var now: Timestamp { clockTime.now }

    func session() throws -> PostgresConnection {
        try PostgresConnection(PostgresOptions(url: url, applicationName: "test"))
    }

    var options: PostgresOptions {
        var options = PostgresOptions(url: url, applicationName: "applier")
        options.lockTimeout = .milliseconds(200)
        options.idleInTransactionTimeout = .milliseconds(500)
        return options
    }

    /// Puts entries on the lane.
    func push(_ mutations: Mutation...) { lanes.accept(mutations.map { $0.encode() }, into: Self.lane) }

    /// Applies until nothing is queued or parked, or until `rounds` waits have passed. Tells how often it went to the
    /// queue only to peek.
    @discardableResult
    func apply(
        batch: Int = 500, attemptsMax: Int = 8, rounds: Int = 200, leavingParked: Bool = false,
        prepared: Bool = true
    ) async -> Int {
        var options = options
        options.preparedStatements = prepared
        let queue = MemoryQueue(lanes, pause: { [clockTime] in clockTime.jump($0) })
        let board = LaneBoard(appliers: 1)
        _ = try? await queue.acquire([Self.lane], as: token, for: .seconds(1_000_000))
        board.grant(Lease(lane: Self.lane, token: token), isClean: true, crashes: 0)
        let left = Mutex(rounds)
        let clock = WorkerClock(
            now: { [clockTime] in clockTime.now }, pause: { [clockTime] in clockTime.jump($0) })
        var settings = Applier.Settings(worker: WorkerID("w"))
        settings.batch = batch
        settings.attemptsMax = attemptsMax
        let watched = StoppingQueue(queue) { [lanes] in
            let isDone = leavingParked ? lanes.depth(Self.lane) == 0 : lanes.busyLanes.isEmpty
            let isOver = left.withLock { left in
                left -= 1
                return left <= 0
            }
            if isDone || isOver { board.stop() }
        }
        let applier = Applier(
            settings: settings, queue: watched, ledger: PostgresLedger(options), board: board, clock: clock,
            report: WorkerReport(
                log: Log(level: .error, format: .json), metrics: WorkerMetrics(MetricRegistry()), clock: clock
            ),
            random: SplitMix64(seed: 1))
        await applier.run()
        return watched.peeks
    }

    /// What pollers are told.
    func result(_ mutation: Mutation) -> RequestResource? {
        lanes.result(mutation.id, in: Self.lane).flatMap {
            RequestResource($0.span, user: mutation.user, reader: JSONReader())
        }
    }

    func verdict(_ mutation: Mutation) -> Verdict? {
        if case .done(let verdict, _) = result(mutation)?.state { verdict } else { nil }
    }
}

/// The error that `body` throws, or nil.
func failure(_ body: () async throws -> Void) async -> LedgerError? {
    do {
        try await body()
        return nil
    } catch { return error as? LedgerError }
}

/// A mutation for a test; each has its own id, in order.
struct MutationBuilder {
    private static let count = Mutex<UInt64>(0)
    var user = ApplierBench.user
    var task = UUID(high: 0x01a1_fc02_0000_7000, low: 1 << 63 | 1)
    var at = Timestamp(rfc3339: Array("2026-11-21T12:00:00Z".utf8).span)!

    func build(_ change: Mutation.Change, if versions: [Int32]? = nil) -> Mutation {
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        return Mutation(
            id: UUID(high: UInt64(at.micros / 1000) << 16 | 0x7000, low: 1 << 63 | number), user: user,
            task: task, acceptedAt: at, change: change, precondition: versions.map { .versions($0) })
    }

    func create(_ title: String = "Buy milk") -> Mutation {
        build(.create(NewTask(title: Array(title.utf8))))
    }

    func rename(_ title: String) -> Mutation { build(.update(TaskPatch(title: Array(title.utf8)))) }

    /// The same, of another task.
    func other(_ number: UInt64) -> MutationBuilder {
        var builder = self
        builder.task = UUID(high: task.high, low: 1 << 63 | 1000 + number)
        return builder
    }

    /// The same, of another user.
    func of(_ name: String) -> MutationBuilder {
        var builder = self
        builder.user = UserID(name)!
        return builder
    }
}
