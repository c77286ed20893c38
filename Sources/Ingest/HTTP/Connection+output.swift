internal import Shared

extension Connection {
    /// Answers of pipelined requests that are put together before they are sent.
    private static let outputBytesMax = 64 * 1024

    /// Puts the answer into the output, which is sent at once or at the end of the turn.
    func send(_ response: borrowing Response, _ head: RequestHead) {
        let closes = response.closes || head.layout.closes || server.isDraining
        write(response, isHead: head.method == .head, closes: closes, head.correlationID)
    }

    func write(_ response: borrowing Response, isHead: Bool, closes: Bool, _ id: CorrelationID) {
        if closes { closesAfterOutput = true }
        if output.isEmpty, inbox.isEmpty {
            // Nothing before it and nothing after it: straight from the shared scratch to the socket.
            server.scratch.removeAll(keepingCapacity: true)
            server.writer.append(
                response, to: &server.scratch, isHead: isHead, closes: closes, id: id,
                wallMicros: loop.wallMicros)
            return sendScratch()
        }
        server.writer.append(
            response, to: &output, isHead: isHead, closes: closes, id: id, wallMicros: loop.wallMicros)
        if output.count - sentBytes > Self.outputBytesMax {
            if !isBlocked { sendOutput() }
        } else if !isListedForSending {
            isListedForSending = true
            server.sendAtTurnEnd(self)
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

    /// Sends what there is to send, then goes on with the phase, or closes if that was the last answer.
    func flush() {
        if case .closed = phase { return }
        let wasBlocked = isBlocked
        guard sendOutput() else { return }
        if closesAfterOutput, !isHandling { return closeGently() }
        guard wasBlocked else { return }
        switch phase {
        case .head: next()
        case .body, .chunks, .discarding: setDeadline(after: server.limits.bodyTime)
        case .lingering: setDeadline(after: server.limits.lingerTime)
        case .asking, .handling, .closed: clearDeadline()
        }
        drive()
    }

    /// True when all is sent.
    @discardableResult
    private func sendOutput() -> Bool {
        if sentBytes < output.count {
            let bytes = output
            switch Socket.write(fd, bytes.span, from: sentBytes) {
            case .broken:
                cut()
                return false
            case .wouldBlock:
                becameBlocked()
                return false
            case .bytes(let count):
                sentBytes += count
                if sentBytes < output.count {
                    becameBlocked()
                    return false
                }
            }
        }
        output = []
        sentBytes = 0
        if isBlocked {
            isBlocked = false
            watchWritability(false)
        }
        return true
    }

    /// Waits for room; a client that takes some gets the whole time anew.
    private func becameBlocked() {
        setDeadline(after: server.limits.writeStallTime)
        guard !isBlocked else { return }
        isBlocked = true
        watchWritability(true)
    }

    private var isHandling: Bool {
        switch phase {
        case .handling, .asking: true
        case .head, .body, .chunks, .discarding, .lingering, .closed: false
        }
    }
}
