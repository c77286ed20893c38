/// What a `RedisLink` tells its owner, always on the loop.
protocol RedisLinkOwner: AnyObject {
    /// Connected and logged in.
    func linkOpened()
    func linkReceived(_ reply: RedisReply)
    /// The same for a reply that is one of two words.
    func linkReceived(_ word: RedisReader.Word)
    /// The connection is gone; the link makes another one by itself.
    func linkClosed(_ error: RedisError)
}

extension RedisLinkOwner {
    func linkReceived(_ word: RedisReader.Word) { linkReceived(word.reply) }
}

/// One connection to Redis on an event loop, made again by itself whenever it is lost, with back-off and jitter.
///
/// Confined to its loop. Host names are looked up each time that it connects, by `RedisOptions.names`.
final class RedisLink: DescriptorHandler {
    private enum State {
        case idle
        case connecting, handshaking
        case greeting(missing: Int)
        case open
    }

    private let loop: EventLoop
    private let url: RedisURL
    private let options: RedisOptions
    private var state = State.idle
    private var wire: RedisWire?
    private var registration: Registration?
    private var reader = RedisReader()
    private var connectTimer: LoopTimer?
    private var failures = 0
    private var isStopped = false
    /// Until the link is stopped. Not weak: that would make each count of its references a slow one, for each reply.
    var owner: (any RedisLinkOwner)?

    init(loop: EventLoop, url: RedisURL, options: RedisOptions) {
        self.loop = loop
        self.url = url
        self.options = options
    }

    var isOpen: Bool { if case .open = state { true } else { false } }

    /// Bytes that were written to the socket since the connection opened.
    var writtenCount: Int { wire?.writtenCount ?? 0 }

    /// Bytes of the connection that was closed last which may have reached the server.
    private(set) var sentCount = 0

    /// Begins to connect. Once.
    func start() { connect() }

    /// Closes for good.
    func stop() {
        isStopped = true
        close(.disconnected(sent: false))
        owner = nil
    }

    /// Sends `bytes`, now or when the socket takes them. Only while open.
    func send(_ bytes: Span<UInt8>) {
        guard let wire else { return }
        do throws(RedisError) {
            try wire.send(bytes)
            watch()
        } catch { close(error) }
    }

    /// Gives the connection up, with the reason that its commands are told; a new one is made.
    func close(_ error: RedisError) {
        if let connectTimer { loop.cancel(connectTimer) }
        connectTimer = nil
        if let registration { loop.deregister(registration) }
        registration = nil
        guard let wire else { return }
        sentCount = wire.sentCount
        self.wire = nil
        watched = []
        let wasOpen = isOpen
        state = .idle
        failures = wasOpen ? 0 : failures + 1
        if wasOpen { owner?.linkClosed(error) }
        guard !isStopped else { return }
        options.report?(error)
        connectLater()
    }

    // MARK: connecting

    private func connect() {
        guard !isStopped else { return }
        guard let host = url.address.hostName else { return connect(at: url.address) }
        guard let names = options.names else { return connect(toOneOf: NameLookup.addresses(of: host)) }
        loop.spawn { [weak self] in
            let found = await names.addresses(of: host)
            self?.connect(toOneOf: found)
        }
    }

    /// Each failure tries the next address.
    private func connect(toOneOf addresses: [String]) {
        guard !isStopped else { return }
        guard !addresses.isEmpty else {
            return fail(.unreachable("\(url.address.hostName ?? ""): name or address not known"))
        }
        connect(at: url.address.at(addresses[failures % addresses.count]))
    }

    private func fail(_ error: RedisError) {
        wire = nil
        failures += 1
        options.report?(error)
        connectLater()
    }

    private func connect(at place: RedisURL.Address) {
        do throws(RedisError) {
            let wire = try RedisWire(connectingTo: url.address, at: place)
            self.wire = wire
            reader = RedisReader()
            state = .connecting
            registration = try register(wire)
            connectTimer = loop.schedule(at: loop.now + options.connectTimeout) { [weak self] in
                self?.connectTimer = nil
                self?.close(.unreachable("time-out"))
            }
        } catch { fail(error) }
    }

    private func register(_ wire: RedisWire) throws(RedisError) -> Registration {
        do throws(SystemError) {
            return try loop.register(wire.descriptor, [.readable, .writable], self)
        } catch { throw .unreachable(error.description) }
    }

    /// 50 ms, doubled with each failure up to 2 s, with full jitter, so that many loops do not come back in step.
    private func connectLater() {
        let limit = min(2000, 50 << min(failures, 6))
        let pause = Duration.milliseconds(Int64.random(in: 10...Int64(limit)))
        connectTimer = loop.schedule(at: loop.now + pause) { [weak self] in
            self?.connectTimer = nil
            self?.connect()
        }
    }

    private func greet() throws(RedisError) {
        let greeting = url.greeting(name: options.name)
        var commands = RedisCommands()
        for command in greeting { commands.append(command) }
        state = .greeting(missing: greeting.count)
        try wire?.send(commands.buffer.span)
    }

    // MARK: events

    func ready(_ readiness: Readiness) {
        guard let wire else { return }
        do throws(RedisError) {
            if case .connecting = state {
                guard readiness.isWritable else { return }
                try wire.connected()
                state = .handshaking
            }
            if readiness.isWritable { try wire.flush() }
            if case .handshaking = state {
                guard try wire.handshake() else { return watch() }
                try greet()
            }
            if readiness.isReadable {
                try wire.receive(into: reader)
                try takeReplies()
            }
            watch()
        } catch { close(error) }
    }

    private func takeReplies() throws(RedisError) {
        let owner = self.owner
        while let item = try reader.nextItem() {
            guard case .greeting(let missing) = state else {
                switch item {
                case .word(let word): owner?.linkReceived(word)
                case .reply(let reply): owner?.linkReceived(reply)
                }
                // What the owner did may have closed this connection.
                if wire == nil { return }
                continue
            }
            if case .reply(let reply) = item, let refusal = reply.refusal { throw .refused(refusal) }
            state = missing > 1 ? .greeting(missing: missing - 1) : .open
            if isOpen { opened() }
        }
    }

    private func opened() {
        if let connectTimer { loop.cancel(connectTimer) }
        connectTimer = nil
        failures = 0
        options.report?(nil)
        owner?.linkOpened()
    }

    private var watched: Interest = []

    /// Asks for writability only while something waits to be written.
    private func watch() {
        guard let registration, let wire else { return }
        let wanted: Interest = wire.hasUnsent ? [.readable, .writable] : .readable
        loop.modify(registration, wanted, knowing: &watched)
    }
}

extension EventLoop {
    /// Modifies only when the interest changes: a system call saved on almost every flush.
    fileprivate func modify(_ registration: Registration, _ interest: Interest, knowing last: inout Interest)
    {
        guard interest != last else { return }
        last = interest
        modify(registration, interest)
    }
}
