/// One session with PostgreSQL on an event loop, made again by itself whenever it is lost, with back-off and jitter.
///
/// Statements are gathered during a turn of the loop and leave with one write at its end. An error of one touches no
/// other (`PostgresPipeline`). Confined to its loop. Host names are looked up each time that it connects, by
/// `PostgresOptions.names`.
final class PostgresLink: DescriptorHandler {
    private enum State { case idle, connecting, open }

    private let loop: EventLoop
    private let options: PostgresOptions
    private let hosts: PostgresHosts
    private var state = State.idle
    private var handle: PostgresHandle?
    private var registration: Registration?
    private var watched: Interest = []
    /// Of this turn, not sent yet.
    private var gathered: [PostgresTrip] = []
    private var pipeline = PostgresPipeline()
    private var connectTimer: LoopTimer?
    private var deadlineTimer: LoopTimer?
    private var failures = 0
    private var isStopped = false
    /// Asked to send a read on another session when this one was lost; false: there is none.
    var sendElsewhere: ((PostgresTrip) -> Bool)?

    init(loop: EventLoop, options: PostgresOptions) {
        self.loop = loop
        self.options = options
        hosts = PostgresHosts(options.url)
    }

    var isOpen: Bool { state == .open }

    var waitingCount: Int { pipeline.waitingCount + gathered.count }

    /// Statements that this turn has gathered.
    var gatheredCount: Int { gathered.count }

    /// Begins to connect. Once.
    func start() { connect() }

    /// Closes for good.
    func stop() {
        isStopped = true
        close(.disconnected("stopped"))
    }

    /// Takes a statement, which leaves with the next `flush`.
    func gather(_ trip: PostgresTrip) {
        guard isOpen else { return trip.completion?(.failure(.unreachable("not connected"))) ?? () }
        var trip = trip
        trip.deadline = loop.now + options.replyTimeout
        gathered.append(trip)
    }

    /// Sends what was gathered.
    func flush() {
        guard let handle, isOpen, !gathered.isEmpty else { return }
        do throws(PostgresError) {
            let leaving = gathered
            gathered.removeAll(keepingCapacity: true)
            try pipeline.send(leaving, through: handle, prepares: options.preparedStatements)
            if deadlineTimer == nil, let deadline = pipeline.firstDeadline { watchDeadline(deadline) }
            watch(try handle.flush() ? .readable : [.readable, .writable])
        } catch { close(error) }
    }

    // MARK: connecting

    private func connect() {
        guard !isStopped else { return }
        state = .connecting
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
            if options.preparedStatements {
                gather(PostgresTrip(options.limits, [], isRead: false, nil))
            }
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
        let left = pipeline.removeAll() + gathered
        gathered = []
        if wasUsed && !isStopped {
            options.report?(error)
            connectLater()
        }
        for trip in left where !isSentElsewhere(trip, after: error) { trip.completion?(.failure(error)) }
    }

    /// A read is asked once more on another session, so that a restart of PostgreSQL is noticed by those alone who come
    /// while it is away.
    private func isSentElsewhere(_ trip: PostgresTrip, after error: PostgresError) -> Bool {
        guard trip.isRead, !trip.isRepeated, error.isLostSession, !isStopped else { return false }
        var again = trip
        again.isRepeated = true
        return sendElsewhere?(again) ?? false
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
        // What a completion did may have closed this session.
        while self.handle === handle, pipeline.waitingCount > 0, !handle.isBusy {
            guard try pipeline.take(handle.next()) else { continue }
            while let (trip, outcome) = pipeline.nextFinished() { finish(trip, outcome) }
        }
    }

    private func finish(_ trip: PostgresTrip, _ outcome: PostgresOutcome) {
        switch outcome {
        case .rows(let rows): trip.completion?(.success(rows))
        case .failure(let error): trip.completion?(.failure(error))
        case .skipped:
            guard trip.isRead, !trip.isAlone else {
                return trip.completion?(.failure(.disconnected("out of step"))) ?? ()
            }
            var again = trip
            again.isAlone = true
            gather(again)
        }
    }

    private func watch(_ interest: Interest) {
        guard let registration, interest != watched else { return }
        watched = interest
        loop.modify(registration, interest)
    }

    // MARK: time limit

    private func watchDeadline(_ deadline: LoopInstant) {
        deadlineTimer = loop.schedule(at: deadline) { [weak self] in self?.checkDeadline() }
    }

    private func checkDeadline() {
        deadlineTimer = nil
        guard let deadline = pipeline.firstDeadline else { return }
        if deadline <= loop.now { return close(.timeout) }
        watchDeadline(deadline)
    }
}

extension PostgresError {
    /// True when the session ended before the answer, be it with the server's last words (57P01 and its like).
    fileprivate var isLostSession: Bool {
        switch self {
        case .disconnected: true
        case .server(let error): error.isFatal
        case .unreachable, .timeout, .overloaded: false
        }
    }
}
