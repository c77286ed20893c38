internal import CSystem
internal import Shared

/// What one loop has for itself: connections to the stores, handlers, the HTTP server. The first loop also has the
/// operators' listener and the signals.
final class LoopWiring {
    private let shared: Wiring
    private let loop: EventLoop
    private let pipeline: RedisPipeline
    private let subscriber: RedisSubscriber
    private let postgres: LoopPostgres
    private let services: Services

    init(_ shared: Wiring, on loop: EventLoop) {
        self.shared = shared
        self.loop = loop
        let configuration = shared.configuration
        var options = RedisOptions(name: "tasklane-ingest-\(loop.index)")
        options.names = shared.names
        options.report = shared.redisLog.redis
        pipeline = RedisPipeline(loop: loop, url: shared.redisURL, options: options)
        var sessions = PostgresOptions(
            url: configuration.databaseURL, applicationName: "tasklane-ingest",
            preparedStatements: configuration.preparedStatements)
        sessions.findsByKey = true
        sessions.names = shared.names
        sessions.report = shared.postgresLog.postgres
        postgres = LoopPostgres(loop: loop, options: sessions)
        let metrics = shared.metrics.part()
        let waiters = Waiters(on: loop, count: metrics.waiters)
        subscriber = RedisSubscriber(
            loop: loop, url: shared.redisURL, options: options, channel: DoneNotice.channel,
            received: { waiters.heard($0) }, subscribed: { waiters.beganToHear() },
            lost: { waiters.endedToHear() })
        let lanes = LaneStore(
            on: loop, redis: LoopRedis(pipeline: pipeline, loop: loop), keys: shared.laneKeys,
            depths: shared.depths, reader: JSONReader(), replicas: configuration.waitReplicas)
        let reads = TaskReads(postgres, log: shared.log)
        let states = RequestStates(
            on: loop, lanes: lanes, stored: reads, waiters: waiters, configuration: configuration,
            unaccounted: metrics.unaccounted)
        let apiKeys = APIKeyCache(
            ask: { await shared.apiKeys.find($0) }, spawn: { loop.spawn($0) })
        let authenticator = Authenticator(
            ring: shared.ring, keySource: shared.keySource, apiKeys: apiKeys,
            failures: shared.authenticationFailures, clock: { Timestamp(micros: loop.wallMicros) })
        services = Services(
            on: loop, configuration: configuration, idKey: shared.settings.idKey,
            authenticator: authenticator, lanes: lanes, waiters: waiters, states: states, reads: reads,
            rateLimiter: shared.rateLimiter, metrics: metrics, log: shared.log)
    }

    /// Serves until the stop signal, then drains.
    func run(_ sockets: [ListeningSocket]) async throws(SystemError) {
        await connectFirst()
        let health = Health(pipeline: pipeline, postgres: postgres, services: services)
        let pages = PublicPages(openAPI: shared.openAPI, health: health)
        let api = API(
            table: shared.table, services: services, publicPages: pages, accounts: shared.accounts)
        let server = try Server(on: loop, sockets: sockets, budget: shared.budget, handler: api)
        server.onDrain { [services] in services.drain() }
        var admin: Server?
        if loop.index == 0 {
            try watchSignals()
            let handler = AdminAPI(shared: shared, services: services, health: health, pipeline: pipeline)
            admin = try Server(
                on: loop, sockets: shared.adminSockets, budget: ConnectionBudget(max: 64), handler: handler)
            if let keySource = shared.keySource { await keySource.refresh(now: services.now) }
            shared.tick(on: loop)
            shared.tellStatus(on: loop, handler.survey)
        }
        shared.pulse.begin(loop)
        shared.loopIsReady()
        await shared.stop.wait(on: loop)
        if loop.index == 0 { shared.notifier.stopping(status: "Draining") }
        services.isDraining = true
        let cut = await server.drain(within: .seconds(28))
        if cut > 0 { shared.log.warn("connections were cut", .integer("count", cut)) }
        shared.loopHasDrained()
        if let admin {
            // Until the last loop is done, whoever asks is told that this daemon drains.
            await shared.drained.wait(on: loop, until: loop.now + .seconds(29))
            await admin.drain(within: .seconds(1))
        }
        subscriber.stop()
        pipeline.stop()
        postgres.stop()
        shared.pulse.end(loop)
    }

    /// Lets the stores connect before the first request is taken, or a client that comes at once is told 503 by a
    /// deployment in which nothing is wrong. Connections wait in the sockets' backlog; a store that is down holds up
    /// the start for a second at most.
    private func connectFirst() async {
        let deadline = loop.now + .seconds(1)
        while !(pipeline.isConnected && subscriber.isSubscribed && postgres.isConnected), loop.now < deadline
        {
            // Not cancelled: nothing cancels a loop's main task.
            try? await loop.sleep(for: .milliseconds(2))
        }
    }

    private func watchSignals() throws(SystemError) {
        try loop.onSignals([SIGTERM, SIGINT, SIGHUP]) { [shared, loop, services] signal in
            if signal == SIGHUP {
                loop.spawn { await shared.reload(now: services.now) }
                return
            }
            shared.log.info("draining", .integer("signal", signal))
            shared.stop.raise()
        }
    }

}

extension Wiring {
    /// How long a loop may stand still: long for any request, short for the service manager.
    var patience: Duration { min(notifier.watchdogInterval ?? .seconds(10), .seconds(10)) }

    /// Every few seconds, until the loop ends: fresh keys, and a sign of life for the service manager, unless a loop
    /// hangs.
    func tick(on loop: EventLoop) {
        keySource?.keepFresh(now: Timestamp(micros: loop.wallMicros))
        if pulse.isBeating(within: patience) { notifier.watchdog() }
        let pause = min(notifier.watchdogInterval.map { $0 / 3 } ?? .seconds(5), .seconds(5))
        _ = loop.schedule(at: loop.now + pause) { [self, unowned loop] in tick(on: loop) }
    }

    /// The same for the line that `systemctl status` shows; apart, because it waits for the stores.
    func tellStatus(on loop: EventLoop, _ survey: LaneSurvey, after before: ServiceStatus? = nil) {
        guard notifier.isHeard else { return }
        loop.spawn { [self, unowned loop] in
            await survey.take()
            let status = ServiceStatus(survey.latest.value, at: loop.now, after: before)
            if !stop.isRaised { notifier.status(status.text) }
            _ = loop.schedule(at: loop.now + .seconds(5)) { [self, unowned loop] in
                tellStatus(on: loop, survey, after: status)
            }
        }
    }

    /// Reads level, secrets and public keys again (SIGHUP); what is wrong leaves everything as it was.
    func reload(now: Timestamp) async {
        notifier.reloading()
        let (fresh, faults) = Configuration.read(Environment.process())
        let keys = KeyConfiguration(fresh)
        if faults.isEmpty, keys.faults.isEmpty {
            log.setLevel(fresh.logLevel)
            ring.update { KeySet(secrets: keys.secrets, publicKeys: $0.publicKeys, policy: keys.policy) }
            if let place = keys.place { await keySource?.move(to: place, now: now) }
            log.info("configuration reloaded", .integer("secrets", keys.secrets.count))
        } else {
            for fault in faults + keys.faults { log.error("not reloaded", .text("why", fault)) }
        }
        notifier.ready(status: "accepting on \(configuration.listen)")
    }
}
