internal import Shared

extension Connection {
    /// Hands a whole request to whoever answers it.
    func begin(_ request: Request, _ answerer: Answerer) {
        phase = .handling
        handled = request.head
        handledNumber &+= 1
        clearDeadline()
        switch answerer {
        case .taker(let taker): taker.take(request, Reply(self, number: handledNumber))
        case .task(let respond): startTask(handledNumber) { await respond(request) }
        }
    }

    /// Starts a task that makes the answer.
    func startTask(_ number: UInt32, _ respond: @escaping () async -> Response) {
        task = loop.start { [self] in
            let response = await respond()
            task = nil
            finish(response, number)
        }
        // Told while the request was being read: a handler that waits is to know it as well.
        if isPeerClosed { task?.cancel() }
    }

    /// The answer to the request that is being handled; dropped when that has its answer, or the connection is gone.
    func finish(_ response: borrowing Response, _ number: UInt32) {
        guard number == handledNumber, let head = handled.take() else { return }
        watcher = nil
        send(response, head)
        next()
    }

    /// Tells `watcher` of the client's end until the answer is there.
    func watch(_ watcher: any ReplyWatcher) {
        self.watcher = watcher
        if isPeerClosed { watcher.peerClosed() }
    }

    /// Answers before the body was read, or without a look at it.
    ///
    /// The rest of a small body is passed over, so that the connection can go on. A client that waits for
    /// `100 Continue` may send the body or not: nobody can tell where its next request begins.
    func answer(_ response: Response, _ head: RequestHead, bodyIsRead: Bool) {
        awaited = nil
        assembled = []
        if bodyIsRead {
            send(response, head)
            return next()
        }
        guard case .length(let length) = head.layout.framing, !head.layout.expectsContinue,
            length - inbox.count <= server.limits.discardBytesMax
        else {
            var response = response
            response.closes = true
            send(response, head)
            return next()
        }
        send(response, head)
        if case .closed = phase { return }
        let missing = length - inbox.count
        inbox.drop(min(length, inbox.count))
        if missing <= 0 || closesAfterOutput { return next() }
        phase = .discarding(bytes: missing)
        if !isBlocked { setDeadline(after: server.limits.bodyTime) }
    }

    /// Answers a request that cannot be understood, and closes.
    func refuse(_ failure: HeadFailure, _ input: Span<UInt8>) {
        let layout = parser.layout
        let id = CorrelationID(client: input, layout) ?? server.correlation.mint()
        let (type, detail) = problem(failure)
        refuse(type, detail, id, isHead: layout.method == .head)
    }

    private func problem(_ failure: HeadFailure) -> (ProblemType, String) {
        let limits = server.limits
        switch failure {
        case .malformed(let rule): return (.malformedRequest, "\(rule)")
        case .notImplemented(let what): return (.notImplemented, "\(what)")
        case .uriTooLong:
            return (.uriTooLong, "the request line may have at most \(limits.requestLineBytesMax) bytes")
        case .headersTooLarge:
            let detail =
                "at most \(limits.headersMax) headers, \(limits.headerBytesMax) bytes each and "
                + "\(limits.headersBytesMax) in all"
            return (.headersTooLarge, detail)
        }
    }

    /// Answers the current request with a problem of the server's own, and closes.
    func refuse(_ type: ProblemType, _ detail: String) {
        let head = awaited?.head
        let id = head?.correlationID ?? server.correlation.mint()
        refuse(type, detail, id, isHead: head?.method == .head)
    }

    private func refuse(_ type: ProblemType, _ detail: String, _ id: CorrelationID, isHead: Bool) {
        server.handler.refused(type)
        var response = Problem(type, detail: detail).response(instance: id)
        response.closes = true
        awaited = nil
        assembled = []
        inbox.clear()
        write(response, isHead: isHead, closes: true, id)
        next()
    }

    /// After an answer: close, take the next pipelined request, or be idle.
    func next() {
        if case .closed = phase { return }
        phase = .head
        if isBlocked { return }
        if closesAfterOutput { return flush() }
        if inbox.isEmpty {
            setDeadline(nanoseconds: server.isDraining ? server.drainNanoseconds : server.idleNanoseconds)
        } else {
            inboxIsUntried = true
        }
        drive()
    }
}
