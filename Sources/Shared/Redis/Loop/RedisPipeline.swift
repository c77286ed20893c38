/// Commands of an event loop over one connection: gathered during a turn, sent with one write at its end, answered in
/// order. Confined to its loop.
///
/// A command is told exactly once what became of it; `RedisError.mayHaveRun` says whether the server may have run it.
/// Nothing is ever sent twice, but for scripts that the server did not know (NOSCRIPT: nothing was run).
package final class RedisPipeline: RedisLinkOwner {
    /// What a caller gets; nil for a command whose reply nobody wants.
    package typealias Completion = (Swift.Result<RedisReply, RedisError>) -> Void

    private struct Waiter {
        var completion: Completion?
        /// Replies that come before the one that is awaited and say nothing.
        var preliminaries = 0
        /// Where the command begins in the stream of this connection, to tell whether any of it left this process.
        var start: Int
        var deadline: LoopInstant
    }

    private let loop: EventLoop
    private let link: RedisLink
    private let replyNanoseconds: Int64
    private let waitingMax: Int
    private let report: (@Sendable (RedisError?) -> Void)?
    private var commands = RedisCommands()
    private var waiters = RingBuffer<Waiter>()
    /// Bytes appended since the connection opened.
    private var appendedCount = 0
    private var timer: LoopTimer?
    /// Preliminary replies of the oldest waiter that are still to come.
    private var preliminaryCount = 0
    /// Called at the end of each turn, before what was gathered is sent: for what is put together in a turn.
    package var beforeFlush: (() -> Void)?

    /// - Parameter waitingMax: commands without a reply; more are refused with `.overloaded`.
    package init(loop: EventLoop, url: RedisURL, options: RedisOptions, waitingMax: Int = 65536) {
        self.loop = loop
        replyNanoseconds = options.replyTimeout.nanoseconds
        self.waitingMax = waitingMax
        report = options.report
        link = RedisLink(loop: loop, url: url, options: options)
        link.owner = self
        link.start()
        loop.onTurnEnd { [self] in flush() }
    }

    package var isConnected: Bool { link.isOpen }

    /// Commands that wait for a reply: what a readiness check or a metric shows.
    package var waitingCount: Int { waiters.count }

    /// Whether `count` commands may be sent now. Ask before MULTI: a transaction cut short by the limit would swallow
    /// the commands that follow.
    package func hasRoom(for count: Int) -> Bool { waiters.count + count <= waitingMax }

    /// Closes for good; what waits is told.
    package func stop() {
        link.stop()
        // What was put together in this turn is refused by the closed connection.
        beforeFlush?()
        beforeFlush = nil
    }

    /// Adds a command of `count` arguments, written by `body` into the turn's buffer; `completion` is called on the
    /// loop, at once when there is no connection.
    package func send(_ count: Int, _ body: (inout RedisCommands) -> Void, _ completion: Completion?) {
        loop.assertOnLoop()
        guard link.isOpen else { return completion?(.failure(.unreachable("not connected"))) ?? () }
        guard waiters.count < waitingMax else { return completion?(.failure(.overloaded)) ?? () }
        let start = appendedCount
        let before = commands.buffer.count
        commands.begin(count)
        body(&commands)
        appendedCount += commands.buffer.count - before
        let deadline = loop.now.advanced(nanoseconds: replyNanoseconds)
        waiters.append(Waiter(completion: completion, start: start, deadline: deadline))
        if timer == nil { watchDeadline(deadline) }
    }

    /// Adds a transaction of `count` commands, written by `body` between MULTI and EXEC; `completion` gets EXEC's reply,
    /// an array of `count`. What the server refuses of a command shows there: as its element, or for EXEC as a whole.
    package func transaction(
        _ count: Int, _ body: (inout RedisCommands) -> Void, _ completion: @escaping Completion
    ) {
        loop.assertOnLoop()
        guard link.isOpen else { return completion(.failure(.unreachable("not connected"))) }
        guard waiters.count < waitingMax else { return completion(.failure(.overloaded)) }
        let before = commands.buffer.count
        commands.begin(1)
        commands.add("MULTI" as StaticString)
        body(&commands)
        // Without all of EXEC nothing is run, so the transaction counts as sent from there on.
        let start = appendedCount + commands.buffer.count - before
        commands.begin(1)
        commands.add("EXEC" as StaticString)
        appendedCount += commands.buffer.count - before
        let deadline = loop.now.advanced(nanoseconds: replyNanoseconds)
        if waiters.isEmpty { preliminaryCount = count + 1 }
        waiters.append(
            Waiter(completion: completion, preliminaries: count + 1, start: start, deadline: deadline))
        if timer == nil { watchDeadline(deadline) }
    }

    /// Adds a command and waits for its reply; an error reply is thrown. Not ended by the task's cancellation: what
    /// was sent may have run.
    package func call(
        _ count: Int, _ body: (inout RedisCommands) -> Void
    ) async throws(RedisError) -> RedisReply {
        let latch = Latch<Swift.Result<RedisReply, RedisError>>(on: loop)
        send(count, body) { latch.fulfil($0) }
        return try await latch.value().get()
    }

    /// The same for ready-made arguments.
    package func call(_ arguments: RedisArgument...) async throws(RedisError) -> RedisReply {
        try await call(arguments.count) { for argument in arguments { $0.add(argument) } }
    }

    /// Runs a script by its digest, and sends its text where the server has forgotten it.
    package func run(
        _ script: RedisScript, keys: [RedisArgument], _ arguments: [RedisArgument] = []
    ) async throws(RedisError) -> RedisReply {
        do throws(RedisError) {
            return try await evaluate("EVALSHA", script.digest, keys, arguments)
        } catch .refused(let refusal) where refusal.code == .noScript {
            return try await evaluate("EVAL", script.source, keys, arguments)
        }
    }

    private func evaluate(
        _ verb: String, _ script: [UInt8], _ keys: [RedisArgument], _ arguments: [RedisArgument]
    ) async throws(RedisError) -> RedisReply {
        try await call(3 + keys.count + arguments.count) {
            $0.add(verb)
            $0.add(script)
            $0.add(Int64(keys.count))
            for key in keys { $0.add(key) }
            for argument in arguments { $0.add(argument) }
        }
    }

    /// Sends what was gathered; the loop calls it at the end of each turn.
    private func flush() {
        beforeFlush?()
        guard !commands.buffer.isEmpty else { return }
        // A write may find the connection lost and end in `linkClosed`, which empties `commands`: lend it a buffer that
        // nobody else touches, and take the memory back afterwards.
        var gathered = RedisCommands()
        swap(&gathered, &commands)
        link.send(gathered.buffer.span)
        gathered.removeAll()
        if commands.buffer.isEmpty { commands = gathered }
    }

    // MARK: what the link tells

    func linkOpened() {
        appendedCount = link.writtenCount
    }

    func linkReceived(_ word: RedisReader.Word) {
        if preliminaryCount > 0 {
            preliminaryCount -= 1
        } else {
            linkReceived(word.reply)
        }
    }

    func linkReceived(_ reply: RedisReply) {
        if preliminaryCount > 0 {
            preliminaryCount -= 1
            // Why EXEC will be refused: its own reply does not say.
            if let refusal = reply.refusal { report?(.refused(refusal)) }
            return
        }
        guard let waiter = waiters.popFirst() else { return link.close(.malformed) }
        preliminaryCount = waiters.withFirst { $0.preliminaries } ?? 0
        guard let refusal = reply.refusal else { return waiter.completion?(.success(reply)) ?? () }
        if refusal.code != .noScript, refusal.code != .aborted { report?(.refused(refusal)) }
        waiter.completion?(.failure(.refused(refusal)))
    }

    func linkClosed(_ error: RedisError) {
        let left = waiters.removeAll()
        preliminaryCount = 0
        commands = RedisCommands()
        if let timer { loop.cancel(timer) }
        timer = nil
        for waiter in left { waiter.completion?(.failure(told(error, sent: waiter.start < link.sentCount))) }
    }

    private func told(_ error: RedisError, sent: Bool) -> RedisError {
        switch error {
        case .timeout: .timeout(sent: sent)
        default: .disconnected(sent: sent)
        }
    }

    // MARK: time limit

    /// One timer, for the oldest command: replies come in order, so no other can be late before it.
    private func watchDeadline(_ deadline: LoopInstant) {
        timer = loop.schedule(at: deadline) { [self] in checkDeadline() }
    }

    private func checkDeadline() {
        timer = nil
        guard let oldest = waiters.first else { return }
        if oldest.deadline <= loop.now { return link.close(.timeout(sent: true)) }
        watchDeadline(oldest.deadline)
    }
}
