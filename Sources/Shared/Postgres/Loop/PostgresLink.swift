/// One session with PostgreSQL on an event loop, made again by itself whenever it is lost, with back-off and jitter.
///
/// Each statement is a trip of its own in the pipeline, so that its error touches no other. Confined to its loop.
/// Host names are looked up each time that it connects, by `PostgresOptions.names`.
final class PostgresLink: DescriptorHandler {
    typealias Completion = (Swift.Result<PostgresRows, PostgresError>) -> Void

    /// A statement on its way, with what has been answered so far.
    private struct Trip {
        var completion: Completion?
        var deadline: LoopInstant
        /// Set while the server has not said that it prepared the statement.
        var preparing: String?
        var rows: PostgresRows?
        var failure: PostgresError?
    }

    private enum State { case idle, connecting, open }

    private let loop: EventLoop
    private let options: PostgresOptions
    private let hosts: PostgresHosts
    private var state = State.idle
    private var handle: PostgresHandle?
    private var registration: Registration?
    private var watched: Interest = []
    private var trips = RingBuffer<Trip>()
    private var prepared: Set<String> = []
    private var connectTimer: LoopTimer?
    private var deadlineTimer: LoopTimer?
    private var failures = 0
    private var isStopped = false

    init(loop: EventLoop, options: PostgresOptions) {
        self.loop = loop
        self.options = options
        hosts = PostgresHosts(options.url)
    }

    var isOpen: Bool { state == .open }

    var waitingCount: Int { trips.count }

    /// Begins to connect. Once.
    func start() { connect() }

    /// Closes for good.
    func stop() {
        isStopped = true
        close(.disconnected("stopped"))
    }

    /// Sends a statement; `completion` is called once, on the loop. Only while open.
    func send(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter], _ completion: Completion?
    ) {
        guard let handle, isOpen else { return completion?(.failure(.unreachable("not connected"))) ?? () }
        var trip = Trip(completion: completion, deadline: loop.now + options.replyTimeout)
        var isAppended = false
        do throws(PostgresError) {
            if options.preparedStatements, let name = statement.name {
                if prepared.insert(name).inserted {
                    trip.preparing = name
                    try handle.sendPrepare(name, statement.sql, parameters)
                }
                try handle.sendPrepared(name, parameters)
            } else {
                try handle.send(statement.sql, parameters)
            }
            try handle.sendSync()
            trips.append(trip)
            isAppended = true
            if deadlineTimer == nil { watchDeadline(trip.deadline) }
            watch(try handle.flush() ? .readable : [.readable, .writable])
        } catch {
            // Nobody is told twice: what was appended is told by close().
            if !isAppended { completion?(.failure(error)) }
            close(error)
        }
    }

    // MARK: connecting

    private func connect() {
        guard !isStopped else { return }
        state = .connecting
        prepared = []
        guard let names = options.names, hosts.needLookup else { return connect(with: []) }
        loop.spawn { [weak self, hosts] in
            let keywords = await hosts.keywords(names)
            guard let self, !self.isStopped else { return }
            if let keywords { return self.connect(with: keywords) }
            self.close(.unreachable("no host of DATABASE_URL has an address: name or address not known"))
        }
    }

    private func connect(with keywords: [(String, String)]) {
        do throws(PostgresError) {
            handle = try PostgresHandle(connectingTo: options, with: keywords)
            connectTimer = loop.schedule(at: loop.now + options.connectTimeout) { [weak self] in
                self?.connectTimer = nil
                self?.close(.unreachable("time-out"))
            }
            try register(.writable)
        } catch { close(error) }
    }

    /// libpq may change its socket with each step, even for another of the same number: always registered anew.
    private func register(_ interest: Interest) throws(PostgresError) {
        guard let handle else { return }
        if let registration { loop.deregister(registration) }
        registration = nil
        watched = interest
        do throws(SystemError) {
            registration = try loop.register(handle.descriptor, interest, self)
        } catch { throw .unreachable(error.description) }
    }

    private func goOn(_ handle: PostgresHandle) throws(PostgresError) {
        switch try handle.connect() {
        case .reading: try register(.readable)
        case .writing: try register(.writable)
        case .done:
            try register(.readable)
            if let connectTimer { loop.cancel(connectTimer) }
            connectTimer = nil
            failures = 0
            state = .open
            options.report?(nil)
            if options.preparedStatements { send(options.limits, [], nil) }
        }
    }

    /// 50 ms, doubled with each failure up to 800 ms, with full jitter, so that many loops do not come back in step. Reads
    /// are refused until then, so PostgreSQL is looked for more often than its workers do.
    private func connectLater() {
        let limit = min(800, 50 << min(failures, 4))
        let pause = Duration.milliseconds(Int64.random(in: 10...Int64(limit)))
        connectTimer = loop.schedule(at: loop.now + pause) { [weak self] in
            self?.connectTimer = nil
            self?.connect()
        }
    }

    /// Gives the session up; everything that waits is told why, and a new one is made.
    private func close(_ error: PostgresError) {
        for timer in [connectTimer, deadlineTimer].compactMap({ $0 }) { loop.cancel(timer) }
        connectTimer = nil
        deadlineTimer = nil
        if let registration { loop.deregister(registration) }
        registration = nil
        handle = nil
        if state != .open { failures += 1 }
        let wasUsed = state != .idle
        state = .idle
        let left = trips.removeAll()
        if wasUsed && !isStopped {
            options.report?(error)
            connectLater()
        }
        for trip in left { trip.completion?(.failure(trip.failure ?? error)) }
    }

    // MARK: events

    func ready(_ readiness: Readiness) {
        guard let handle else { return }
        do throws(PostgresError) {
            guard state == .open else { return try goOn(handle) }
            if readiness.isWritable, try handle.flush() { watch(.readable) }
            if readiness.isReadable {
                try handle.consume()
                try takeAnswers(handle)
            }
        } catch { close(error) }
    }

    private func takeAnswers(_ handle: PostgresHandle) throws(PostgresError) {
        while !handle.isBusy, !trips.isEmpty {
            // What a completion did may have closed this session.
            guard self.handle === handle else { return }
            switch handle.next() {
            case .rows(let rows):
                trips.changeFirst { trip in
                    trip.rows = rows
                    trip.preparing = nil
                }
            case .failure(let error):
                trips.changeFirst { $0.failure = $0.failure ?? error }
                if case .server(let refusal) = error, !refusal.isFatal { continue }
                throw error
            case .skipped, .end: continue
            case .sync: finish()
            }
        }
    }

    private func finish() {
        guard let trip = trips.popFirst() else { return }
        if let name = trip.preparing { prepared.remove(name) }
        if let failure = trip.failure {
            trip.completion?(.failure(failure))
        } else if let rows = trip.rows {
            trip.completion?(.success(rows))
        } else {
            trip.completion?(.failure(.disconnected("out of step")))
        }
    }

    private func watch(_ interest: Interest) {
        guard let registration, interest != watched else { return }
        watched = interest
        loop.modify(registration, interest)
    }

    // MARK: time limit

    /// One timer, for the oldest statement: answers come in order, so no other can be late before it.
    private func watchDeadline(_ deadline: LoopInstant) {
        deadlineTimer = loop.schedule(at: deadline) { [weak self] in self?.checkDeadline() }
    }

    private func checkDeadline() {
        deadlineTimer = nil
        guard let oldest = trips.first else { return }
        if oldest.deadline <= loop.now { return close(.timeout) }
        watchDeadline(oldest.deadline)
    }
}
