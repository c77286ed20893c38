internal import CSystem
import Shared
internal import Synchronization

/// Everything a worker is made of, and the only place where it is put together.
final class Wiring: Sendable {
    let configuration: Configuration
    let report: WorkerReport
    let board: LaneBoard
    let stop = StopSwitch()
    let notifier: Notifier
    /// Rings when no applier works any more: then the lanes may be released.
    let appliersEnded = Alarm()
    private let redis: RedisURL
    private let laneMetrics: LaneMetrics
    private let adminAddress: ListenAddress
    private let worker: WorkerID
    private let localWorkers = LocalWorkers()

    init(configuration: Configuration, redis: RedisURL, admin: ListenAddress, environment: Environment) {
        self.configuration = configuration
        self.redis = redis
        adminAddress = admin
        laneMetrics = LaneMetrics(url: redis, lanes: configuration.lanes)
        worker = Wiring.workerID()
        board = LaneBoard(appliers: configuration.appliers)
        notifier = Notifier(environment)
        report = WorkerReport(
            log: Log(level: configuration.logLevel, format: configuration.logFormat),
            metrics: WorkerMetrics(MetricRegistry()), clock: stop.clock(), place: localWorkers.place)
    }

    /// `host:pid:nonce`: a process that comes back under an old number is somebody else.
    private static func workerID() -> WorkerID {
        var name = [CChar](repeating: 0, count: 256)
        let status = unsafe gethostname(&name, 255)
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let host = status == 0 ? String(decoding: bytes, as: UTF8.self) : "unknown"
        let nonce = String(SecureRandom.word() & 0xFFFF_FFFF, radix: 16)
        return WorkerID("\(host):\(getpid()):\(nonce)")
    }

    private func queue(_ name: String) -> RedisQueue {
        RedisQueue(
            url: redis, options: RedisOptions(name: name), lanes: configuration.lanes,
            resultLifetime: configuration.resultTTL)
    }

    private var postgres: PostgresOptions {
        PostgresOptions(
            url: configuration.databaseURL, applicationName: "tasklane-worker",
            preparedStatements: configuration.preparedStatements)
    }

    private var ledgerSession: PostgresOptions {
        var options = postgres
        options.findsByKey = true
        return options
    }

    /// Nil when both stores are there and are ours.
    func checkStores() -> SchemaError? {
        let session: PostgresConnection
        do throws(PostgresError) { session = try PostgresConnection(postgres) } catch {
            return .database(error)
        }
        do throws(SchemaError) {
            try restore(try Settings.check(session, lanes: configuration.lanes))
            return nil
        } catch { return error }
    }

    /// Before any thread is started, so a thread of its own does the little that is `async`.
    private func restore(_ settings: Settings) throws(SchemaError) {
        let outcome = Outcome()
        do throws(SystemError) {
            try ThreadExecutor(name: "settings") { [self] in
                do throws(SchemaError) { try await settings.restore(to: queue("tasklane-worker")) } catch {
                    outcome.error = error
                }
            }.join()
        } catch { throw .queue(.unavailable("\(error)")) }
        if let error = outcome.error { throw error }
    }

    // MARK: threads

    func startAppliers() throws(SystemError) -> [ThreadExecutor] {
        var appliers: [ThreadExecutor] = []
        for number in 0..<configuration.appliers {
            let clock = stop.clock(ofApplier: true)
            appliers.append(
                try ThreadExecutor(name: "applier-\(number)") { [self] in
                    let queue = queue("tasklane-applier-\(number)")
                    stop.add(queue.waker)
                    var settings = Applier.Settings(worker: worker)
                    settings.number = number
                    settings.batch = configuration.batch
                    settings.attemptsMax = configuration.attemptsMax
                    let applier = Applier(
                        settings: settings, queue: queue, ledger: PostgresLedger(ledgerSession), board: board,
                        clock: clock, report: report, random: SystemRandomNumberGenerator())
                    await applier.run()
                })
        }
        return appliers
    }

    func startKeeper() throws(SystemError) -> ThreadExecutor {
        let clock = stop.clock()
        return try ThreadExecutor(name: "leases") { [self] in
            let keeper = LeaseKeeper(
                worker: worker, settings: LeaseKeeper.Settings(lanes: configuration.lanes),
                queue: queue("tasklane-leases"), board: board, clock: clock, report: report,
                random: SystemRandomNumberGenerator(), wakeAppliers: { self.stop.wakeAppliers() },
                isDead: { [localWorkers, reader = JSONReader()] in localWorkers.isDead($0, reader: reader) })
            await keeper.run()
            appliersEnded.wait(atMost: .seconds(3600))
            await keeper.finish()
        }
    }

    func startHousekeeper() throws(SystemError) -> ThreadExecutor {
        let clock = stop.clock()
        return try ThreadExecutor(name: "housekeeper") { [self] in
            var settings = Housekeeper.Settings(lanes: configuration.lanes)
            settings.retentionDays = configuration.retentionDays
            let housekeeper = Housekeeper(
                settings: settings, options: postgres, queue: queue("tasklane-housekeeper"), board: board,
                clock: clock, report: report, wakeAppliers: { self.stop.wakeAppliers() })
            await housekeeper.run()
        }
    }

    func startAdmin() throws(SystemError) -> AdminListener {
        laneMetrics.register(with: report.metrics.registry)
        return try AdminListener(adminAddress) { [self] path in answer(path) }
    }

    // MARK: health

    /// What `systemctl status` shows: lag and depth of the deployment, rate and lanes of this worker.
    func statusLine(perSecond rate: Int) -> String {
        "\(laneMetrics.summary() ?? "Redis does not answer"), \(rate)/s applied, \(report.statusLine)"
    }

    /// True while every applier gets somewhere, or waits for a store that is away: restarting would mend neither.
    var isAlive: Bool { report.isAlive(appliers: configuration.appliers, within: patience) }

    /// How long an applier may get nowhere: what systemd allows, or a minute.
    private var patience: Duration { notifier.watchdogInterval ?? .seconds(60) }

    private func answer(_ path: String) -> AdminAnswer {
        switch path {
        case "/livez":
            return isAlive
                ? AdminAnswer(body: Array("ok\n".utf8))
                : AdminAnswer(status: 503, body: Array("an applier gets nowhere\n".utf8))
        case "/readyz":
            let checks = report.checks()
            let lines = checks.map { "\($0.name): \($0.isGood ? "ok" : "failed")\n" }.joined()
            return AdminAnswer(
                status: checks.allSatisfy(\.isGood) && !stop.isThrown ? 200 : 503, body: Array(lines.utf8))
        case "/metrics":
            return AdminAnswer(
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: report.metrics.registry.render())
        default: return AdminAnswer(status: 404, body: Array("/livez, /readyz and /metrics are here\n".utf8))
        }
    }
}

/// Carries an error out of a thread that is joined before it is read.
private final class Outcome: Sendable {
    private let box = Mutex<SchemaError?>(nil)
    var error: SchemaError? {
        get { box.withLock { $0 } }
        set { box.withLock { $0 = newValue } }
    }
}
