internal import CSystem
internal import Shared
internal import Synchronization

/// Makes everything that ingest is made of, and puts it together. What is shared by the loops stands here; what each
/// loop has for itself is a `LoopWiring`.
final class Wiring: Sendable {
    let environment: Environment
    let configuration: Configuration
    let log: Log
    let redisURL: RedisURL
    let settings: DeploymentSettings
    let notifier: Notifier
    let registry = MetricRegistry()
    let metrics: APIMetrics
    let ring: KeyRing
    let keySource: KeySource?
    let apiKeys: APIKeyLookup
    /// Nil unless `TASKLANE_ACCOUNTS` is on.
    let accounts: AccountRoutes?
    let table: RouteTable
    let authenticationFailures: AuthenticationFailures
    let rateLimiter: RateLimiter?
    let depths: LaneDepths
    let laneKeys: [LaneKeys]
    let budget: ConnectionBudget
    let pulse: LoopPulse
    let names: NameLookup
    let redisLog: ConnectionLog
    let postgresLog: ConnectionLog
    let stop = StopSignal()
    let openAPI: [UInt8]
    private let sockets: [[ListeningSocket]]
    let adminSockets: [ListeningSocket]
    let isAdminLocal: Bool
    let loopCount: Int
    private let readyLoops = Atomic<Int>(0)
    private let drainedLoops = Atomic<Int>(0)
    /// Raised when the last loop has drained.
    let drained = StopSignal()

    init(
        environment: Environment, configuration: Configuration, faults: [String], log: Log
    ) throws(StartFailure) {
        self.environment = environment
        self.configuration = configuration
        self.log = log
        notifier = Notifier(environment)
        let keys = KeyConfiguration(configuration)
        let faults = faults + keys.faults
        guard let redisURL = RedisURL(configuration.redisURL), faults.isEmpty else {
            throw StartFailure(faults.isEmpty ? ["REDIS_URL is malformed: write redis://host:port"] : faults)
        }
        self.redisURL = redisURL
        settings = try DeploymentSettings.read(configuration, redisURL, log)
        ring = KeyRing(keys.keys)
        let postgres = PostgresOptions(
            url: configuration.databaseURL, applicationName: "tasklane-ingest",
            preparedStatements: configuration.preparedStatements)
        let clock: @Sendable () -> Timestamp = { Timestamp(micros: tl_now_micros()) }
        redisLog = ConnectionLog("Redis", log: log, clock: clock)
        postgresLog = ConnectionLog("PostgreSQL", log: log, clock: clock)
        do throws(SystemError) {
            names = try NameLookup()
            keySource = if let place = keys.place { try KeySource(place, ring: ring, log: log) } else { nil }
            apiKeys = try APIKeyLookup(postgres)
            accounts =
                configuration.accounts
                ? try AccountRoutes(postgres, ring: ring, metrics: registry, log: log) : nil
        } catch { throw StartFailure("cannot start a thread: \(error)") }
        authenticationFailures = AuthenticationFailures(metrics: registry, log: log)
        table = configuration.accounts ? .apiWithAccounts : .api
        openAPI = OpenAPI.document(table)
        metrics = APIMetrics(registry, routes: table.routes)
        rateLimiter = configuration.userRate.map { RateLimiter($0) }
        depths = LaneDepths(lanes: configuration.lanes, limit: configuration.laneLimit)
        laneKeys = LaneKeys.table(lanes: configuration.lanes)
        budget = ConnectionBudget(max: configuration.connectionsMax)
        loopCount = configuration.ingestThreads > 0 ? configuration.ingestThreads : Wiring.coreCount
        pulse = LoopPulse(loops: loopCount)
        (sockets, adminSockets) = try Wiring.open(environment, configuration, loopCount)
        isAdminLocal = configuration.adminListen.hasPrefix("unix:")
    }

    private static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Sockets of the service manager replace the configured address.
    private static func open(
        _ environment: Environment, _ configuration: Configuration, _ loopCount: Int
    ) throws(StartFailure) -> ([[ListeningSocket]], [ListeningSocket]) {
        do {
            let inherited = try InheritedSockets.find(pid: getpid()) { environment.value($0) }
            let forAdmin = inherited.filter { $0.name == "admin" }
            let forAPI = inherited.filter { $0.name != "admin" }
            let sockets =
                forAPI.isEmpty
                ? try ListeningSocket.open(try address(configuration.listen), loopCount: loopCount)
                : InheritedSockets.adopt(forAPI, loopCount: loopCount)
            let admin =
                forAdmin.isEmpty
                ? try ListeningSocket.open(try address(configuration.adminListen), loopCount: 1)[0]
                : InheritedSockets.adopt(forAdmin, loopCount: 1)[0]
            return (sockets, admin)
        } catch { throw StartFailure("\(error)") }
    }

    private static func address(_ text: String) throws(ListeningSocket.Failure) -> ListenAddress {
        guard let address = ListenAddress(text) else { throw .badAddress(text) }
        return address
    }

    /// Runs the loops; returns when all have drained.
    func run() throws(StartFailure) {
        do throws(SystemError) {
            let group = try LoopGroup(count: loopCount, name: "ingest")
            try group.run { [self] loop in
                do throws(SystemError) {
                    // Its timer refers to it weakly, so somebody must hold it while it runs.
                    let wiring = LoopWiring(self, on: loop)
                    defer { withExtendedLifetime(wiring) {} }
                    try await wiring.run(sockets[loop.index])
                } catch {
                    log.error("a loop cannot start", .text("why", "\(error)"))
                    stop.raise()
                    loopHasDrained()
                }
            }
        } catch { throw StartFailure("cannot start the event loops: \(error)") }
        log.info("stopped")
    }

    /// Called by each loop when its last connection is answered.
    func loopHasDrained() {
        if drainedLoops.add(1, ordering: .relaxed).newValue == loopCount { drained.raise() }
    }

    /// Called by each loop when it serves; the last one tells the service manager.
    func loopIsReady() {
        guard readyLoops.add(1, ordering: .relaxed).newValue == loopCount else { return }
        notifier.ready(status: "accepting on \(configuration.listen)")
        log.info(
            "ready", .text("listen", configuration.listen), .text("admin", configuration.adminListen),
            .integer("loops", loopCount), .integer("lanes", configuration.lanes))
    }
}
