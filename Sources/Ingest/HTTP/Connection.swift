internal import Shared

/// One client's connection: a state machine that the loop drives. Confined to its loop.
///
/// While it is idle it has no task and no buffer. It is kept alive by the loop's registration and the
/// server's list, and is gone when both have let go (`cut`).
final class Connection: DescriptorHandler {
    /// What the connection is doing with its current request.
    enum Phase {
        /// Between requests, or with the part of a head that has arrived in `inbox`.
        case head
        /// The handler thinks about the head; nothing is read.
        case asking
        /// So many bytes of the body are still to come.
        case body(missingBytes: Int)
        /// A chunked body is being read.
        case chunks(ChunkedDecoder, dataBytesMax: Int)
        /// The handler's task makes the answer; nothing is read.
        case handling
        /// The request is answered; so many bytes of its body are still to be passed over.
        case discarding(bytes: Int)
        /// The last answer is sent; waiting for the client to close, so that no reset overtakes the answer.
        case lingering
        case closed
    }

    /// Who answers a request once its body is there.
    enum Answerer {
        case taker(any RequestTaker)
        case task((Request) async -> Response)
    }

    let server: Server
    let fd: Int32
    /// Index in the server's list.
    var place: Int
    var phase = Phase.head

    var parser = RequestHeadParser()
    /// Part of a head; while a request is asked about or handled, what follows it.
    var inbox = Inbox()
    /// What is in `inbox` may hold a whole head: it has grown, or a request before it has ended.
    var inboxIsUntried = false
    /// `drive` is at work further up the stack.
    var isDriving = false
    /// The request whose body is being read, and who answers it then.
    var awaited: (head: RequestHead, answerer: Answerer)?
    /// Head and body so far of `awaited`; grows with what arrives, never with what is announced.
    var assembled: [UInt8] = []
    var task: LoopTask?
    /// The request that is handled, and its number: an answer to another one comes too late.
    var handled: RequestHead?
    var handledNumber: UInt32 = 0
    /// Waits with the client, without a task.
    var watcher: (any ReplyWatcher)?

    /// Bytes still to be sent, from `sentBytes` on.
    var output: [UInt8] = []
    var sentBytes = 0
    /// The system took less than all of `output`; its readiness is awaited.
    var isBlocked = false
    var isListedForSending = false
    /// Close once all is sent.
    var closesAfterOutput = false

    /// There may be something to read: an edge that nobody has acted on.
    var mayRead = false
    /// The time for the current head runs.
    var hasHeadDeadline = false
    /// The client has shut its side; there may still be bytes before that.
    var isPeerClosed = false
    /// All that the client sent before that has been read.
    var hasEnded = false

    private var registration: Registration?
    private var timer: LoopTimer?
    private var timerDeadline = LoopInstant.distantFuture
    private var deadline = LoopInstant.distantFuture

    init(fd: Int32, server: Server, place: Int) {
        self.fd = fd
        self.server = server
        self.place = place
    }

    var loop: EventLoop { server.loop }

    func open() throws(SystemError) {
        registration = try loop.register(fd, Self.interest, self)
        setDeadline(after: server.isDraining ? server.limits.drainGrace : server.limits.idleTime)
    }

    private static let interest: Interest = [.readable, .peerClosed, .edge]

    /// Also reports when there is room to send; asked for only while there is something to send.
    func watchWritability(_ isWanted: Bool) {
        guard let registration else { return }
        loop.modify(registration, isWanted ? Self.interest.union(.writable) : Self.interest)
    }

    func ready(_ readiness: Readiness) {
        if readiness.isReadable { mayRead = true }
        if readiness.isPeerClosed {
            isPeerClosed = true
            mayRead = true
            // The client is gone, or has said all it will: whoever waits for it may stop waiting.
            task?.cancel()
            watcher?.peerClosed()
        }
        if isBlocked, readiness.isWritable { flush() }
        drive()
    }

    /// True when the next bytes may be read: an answer that the client does not take holds back its requests.
    var canRead: Bool {
        switch phase {
        case .handling, .asking, .closed: false
        case .lingering: true
        case .head, .body, .chunks, .discarding: !isBlocked && !closesAfterOutput
        }
    }

    // MARK: Deadlines

    /// Sets the time at which the current phase has lasted too long.
    ///
    /// The timer is only made earlier, never later: an early one looks at the deadline anew when it fires, so
    /// that the next request of a busy connection costs no change of the timer.
    func setDeadline(after time: Duration) { setDeadline(nanoseconds: time.nanoseconds) }

    func setDeadline(nanoseconds: Int64) {
        deadline = loop.now.advanced(nanoseconds: nanoseconds)
        guard deadline < timerDeadline else { return }
        if let timer { loop.cancel(timer) }
        startTimer()
    }

    /// The phase may last as long as it takes.
    func clearDeadline() { deadline = .distantFuture }

    private func startTimer() {
        timerDeadline = deadline
        timer = loop.schedule(at: deadline) { [self] in
            timer = nil
            timerDeadline = .distantFuture
            if deadline <= loop.now {
                timedOut()
            } else if deadline < .distantFuture {
                startTimer()
            }
        }
    }

    /// Since when it is idle, as an order among idle connections; nil when it is not.
    var idleDeadline: LoopInstant? {
        guard case .head = phase, inbox.isEmpty, output.isEmpty else { return nil }
        return deadline
    }

    // MARK: The end

    /// Closes at once and frees everything.
    func cut() {
        if case .closed = phase { return }
        phase = .closed
        if let timer { loop.cancel(timer) }
        timer = nil
        deadline = .distantFuture
        task?.cancel()
        task = nil
        watcher?.cutOff()
        watcher = nil
        handled = nil
        awaited = nil
        assembled = []
        inbox.clear()
        output = []
        if let registration { loop.deregister(registration) }
        registration = nil
        Socket.close(fd)
        server.forget(self)
    }

    private func timedOut() {
        if isBlocked { return cut() }
        switch phase {
        case .head:
            if inbox.isEmpty {
                cut()
            } else {
                refuse(.requestTimeout, "the head of the request took too long")
            }
        case .body, .chunks: refuse(.requestTimeout, "the body of the request took too long")
        case .discarding: closeGently()
        case .lingering: cut()
        case .asking, .handling, .closed: break
        }
    }

    /// Says that no more answers come, and waits a bounded time for the client to close.
    func closeGently() {
        if case .closed = phase { return }
        if hasEnded { return cut() }
        Socket.finishSending(fd)
        phase = .lingering
        inbox.clear()
        setDeadline(after: server.limits.lingerTime)
        drive()
    }

    /// The server begins to drain. An idle connection gets a short time for a request that is on its way.
    func serverDrains() {
        if idleDeadline != nil { setDeadline(after: server.limits.drainGrace) }
    }
}
