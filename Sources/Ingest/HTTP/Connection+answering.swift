internal import Shared

extension Connection {
    /// Starts the handler on a whole request.
    func begin(_ request: Request, _ respond: @escaping (Request) async -> Response) {
        phase = .handling
        setDeadline(after: nil)
        task = loop.spawn { [self] in
            let response = await respond(request)
            task = nil
            guard case .handling = phase else { return }
            send(response, request.head)
            next()
        }
        // Told while the request was being read: a handler that waits is to know it as well.
        if isPeerClosed { task?.cancel() }
    }

    /// Answers before the body was read, or without a look at it.
    ///
    /// The rest of a small body is passed over, so that the connection can go on. A client that waits for
    /// `100 Continue` may send the body or not: nobody can tell where its next request begins.
    func answer(_ response: Response, _ head: RequestHead, bodyIsRead: Bool) {
        respond = nil
        current = nil
        if bodyIsRead {
            send(response, head)
            return next()
        }
        if case .length(let length) = head.layout.framing, !head.layout.expectsContinue,
            length - inbox.count <= server.limits.discardBytesMax
        {
            send(response, head)
            let arrived = inbox
            inbox = []
            if arrived.count >= length {
                inbox = Array(arrived[length...])
                return next()
            }
            if closesAfterOutput { return flush() }
            phase = .discarding(bytes: length - arrived.count)
            setDeadline(after: server.limits.bodyTime)
            return
        }
        var response = response
        response.closes = true
        send(response, head)
        next()
    }

    /// Answers a request that cannot be understood, and closes.
    func refuse(_ failure: HeadFailure) {
        switch failure {
        case .malformed(let rule): refuse(.malformedRequest, "\(rule)")
        case .notImplemented(let what): refuse(.notImplemented, "\(what)")
        case .uriTooLong:
            refuse(.uriTooLong, "the request line may have at most \(server.limits.requestLineBytesMax) bytes")
        case .headersTooLarge:
            refuse(
                .headersTooLarge,
                "at most \(server.limits.headersMax) headers, \(server.limits.headerBytesMax) bytes each and "
                    + "\(server.limits.headersBytesMax) in all")
        }
    }

    func refuse(_ type: ProblemType, _ detail: String) {
        server.handler.refused(type)
        let id = server.correlation.mint()
        var response = Problem(type, detail: detail).response(instance: id)
        response.closes = true
        respond = nil
        current = nil
        inbox = []
        write(response, isHead: false, closes: true, id)
        flush()
    }

    // MARK: Output

    /// Puts the answer into the output; `next` or the end of the turn sends it.
    private func send(_ response: Response, _ head: RequestHead) {
        let closes = response.closes || head.layout.closes || server.isDraining
        write(response, isHead: head.method == .head, closes: closes, head.correlationID)
    }

    private func write(_ response: Response, isHead: Bool, closes: Bool, _ id: CorrelationID) {
        if closes { closesAfterOutput = true }
        if output.isEmpty, inbox.isEmpty {
            // Nothing before it and nothing after it: straight from the shared scratch to the socket.
            server.scratch.removeAll(keepingCapacity: true)
            server.writer.append(
                response, to: &server.scratch, isHead: isHead, closes: closes, id: id,
                wallMicros: loop.wallMicros)
            sendScratch()
        } else {
            server.writer.append(
                response, to: &output, isHead: isHead, closes: closes, id: id, wallMicros: loop.wallMicros)
            listForSending()
        }
    }

    private func sendScratch() {
        let scratch = server.scratch
        switch Socket.write(fd, scratch.span) {
        case .bytes(let count) where count == scratch.count: break
        case .bytes(let count):
            output = Array(scratch[count...])
            becameBlocked()
        case .wouldBlock:
            output = scratch
            becameBlocked()
        case .broken: cut()
        }
    }

    private func listForSending() {
        guard !isListedForSending else { return }
        isListedForSending = true
        server.sendAtTurnEnd(self)
    }

    private func becameBlocked() {
        setDeadline(after: server.limits.writeStallTime)
        guard !isBlocked else { return }
        isBlocked = true
        watchWritability(true)
    }

    /// Sends what there is to send; goes on reading when all is sent, or closes if that was the last answer.
    func flush() {
        isListedForSending = false
        if case .closed = phase { return }
        if sentBytes < output.count {
            switch Socket.write(fd, output.span, from: sentBytes) {
            case .broken: return cut()
            case .wouldBlock: return becameBlocked()
            case .bytes(let count):
                sentBytes += count
                if sentBytes < output.count { return becameBlocked() }
            }
        }
        output = []
        sentBytes = 0
        if isBlocked {
            isBlocked = false
            watchWritability(false)
            if case .handling = phase { setDeadline(after: nil) }
            if case .head = phase { return next() }
        }
        if closesAfterOutput, isBetweenRequests { closeGently() }
    }

    private var isBetweenRequests: Bool {
        switch phase {
        case .handling, .lingering, .closed: false
        case .asking, .head, .body, .chunks, .discarding: true
        }
    }

    /// After an answer: close, take the next pipelined request, or be idle.
    func next() {
        if case .closed = phase { return }
        phase = .head
        if isBlocked { return }
        if closesAfterOutput { return flush() }
        if inbox.isEmpty {
            setDeadline(after: server.isDraining ? server.limits.drainGrace : server.limits.idleTime)
        } else {
            readHeadFromInbox()
        }
        readWhilePossible()
    }
}
