internal import Shared

extension Connection {
    /// Reads and acts for as long as there is something to read and the phase wants it.
    func readWhilePossible() {
        var turns = 0
        while mayRead, canRead {
            turns += 1
            // One client that sends without pause must not hold up the others: the edge is asked for anew.
            if turns > 16 { return watchWritability(isBlocked) }
            switch server.readBuffer.fill(from: fd) {
            case .wouldBlock: mayRead = false
            case .broken: return cut()
            case .end: return sawEnd()
            case .bytes(let count):
                // Less than asked for: the rest comes with a new edge, unless the end is known to follow.
                if count < server.readBuffer.capacity, !isPeerClosed { mayRead = false }
                server.readBuffer.withBytes(count) { received($0) }
            }
        }
    }

    /// The client will send no more; what is complete has been acted on, the rest is half a request.
    private func sawEnd() {
        isPeerClosed = true
        mayRead = false
        if output.isEmpty { cut() } else { closesAfterOutput = true }
    }

    private func received(_ input: Span<UInt8>) {
        switch phase {
        case .head where inbox.isEmpty: readHead(input, isInbox: false)
        case .head:
            inbox.append(input, 0..<input.count)
            readHeadFromInbox()
        case .body:
            inbox.append(input, 0..<input.count)
            finishBody()
        case .chunks: readChunks(input)
        case .discarding(let bytes): discard(input, bytes)
        case .lingering, .closed: break
        case .asking, .handling: preconditionFailure("nothing is read while a request is handled")
        }
    }

    /// Goes on with what has arrived already: the next of several pipelined requests.
    func readHeadFromInbox() {
        let bytes = inbox
        readHead(bytes.span, isInbox: true)
    }

    private func readHead(_ input: Span<UInt8>, isInbox: Bool) {
        switch parser.parse(input, server.limits) {
        case .failed(let failure): refuse(failure)
        case .needsMore:
            if !isInbox { inbox = Array(input, 0..<input.count) }
            if !hasHeadDeadline {
                hasHeadDeadline = true
                setDeadline(after: server.limits.headTime)
            }
        case .done: headIsComplete(input, isInbox: isInbox)
        }
    }

    private func headIsComplete(_ input: Span<UInt8>, isInbox: Bool) {
        hasHeadDeadline = false
        let layout = parser.layout
        parser = RequestHeadParser()
        let totalBytes: Int
        switch layout.framing {
        case .none: totalBytes = layout.headEnd
        case .length(let length): totalBytes = layout.headEnd &+ length
        case .chunked: totalBytes = .max
        }
        let isWhole = totalBytes >= layout.headEnd && totalBytes <= input.count
        let used = isWhole ? totalBytes : layout.headEnd
        let head = RequestHead(
            bytes: Array(input, 0..<used), layout: layout, mintedID: server.correlation.mint())
        inbox = used < input.count ? Array(input, used..<input.count) : []
        phase = .asking
        decide(server.handler.admit(head), head, isWhole: isWhole)
    }

    /// Acts on what the handler decided about a head. In `inbox` is what follows `head.bytes`.
    private func decide(_ admission: Admission, _ head: RequestHead, isWhole: Bool) {
        switch admission {
        case .ask(let question):
            setDeadline(after: nil)
            task = loop.spawn { [self] in
                let admission = await question()
                task = nil
                if case .closed = phase { return }
                decide(admission, head, isWhole: isWhole)
                readWhilePossible()
            }
        case .answer(let response): answer(response, head, bodyIsRead: isWhole)
        case .serve(let bodyBytesMax, let respond):
            if case .length(let length) = head.layout.framing, length > bodyBytesMax {
                return answer(tooLarge(head, bodyBytesMax), head, bodyIsRead: isWhole)
            }
            if isWhole {
                begin(Request(head: head), respond)
            } else {
                awaitBody(head, bodyBytesMax, respond)
            }
        }
    }

    private func tooLarge(_ head: RequestHead, _ bodyBytesMax: Int) -> Response {
        server.handler.refused(.contentTooLarge)
        return head.answer(Problem(.contentTooLarge, detail: "the body may have at most \(bodyBytesMax) bytes"))
    }

    // MARK: Bodies

    private func awaitBody(
        _ head: RequestHead, _ bodyBytesMax: Int, _ respond: @escaping (Request) async -> Response
    ) {
        self.respond = respond
        current = head
        setDeadline(after: server.limits.bodyTime)
        if head.layout.expectsContinue, inbox.isEmpty {
            output.append("HTTP/1.1 100 Continue\r\n\r\n")
            flush()
            if case .closed = phase { return }
        }
        let arrived = inbox
        inbox = head.bytes
        if case .length(let length) = head.layout.framing {
            phase = .body(totalBytes: head.layout.headEnd + length)
            inbox.append(contentsOf: arrived)
            finishBody()
        } else {
            phase = .chunks(ChunkedDecoder(), dataBytesMax: bodyBytesMax)
            readChunks(arrived.span)
        }
    }

    private func finishBody() {
        guard case .body(let totalBytes) = phase, inbox.count >= totalBytes else { return }
        let rest = Array(inbox[totalBytes...])
        inbox.removeLast(rest.count)
        beginAwaited(followedBy: rest)
    }

    private func readChunks(_ input: Span<UInt8>) {
        guard case .chunks(var decoder, let dataBytesMax) = phase, let head = current else { return }
        // Out of the enum while it changes, so that nothing is copied with it.
        phase = .asking
        do throws(ChunkedDecoder.Failure) {
            let used = try decoder.decode(input, from: 0, into: &inbox, dataBytesMax: dataBytesMax)
            phase = .chunks(decoder, dataBytesMax: dataBytesMax)
            if decoder.isDone { beginAwaited(followedBy: Array(input, used..<input.count)) }
        } catch .tooLarge {
            answer(tooLarge(head, dataBytesMax), head, bodyIsRead: false)
        } catch {
            refuse(.malformedRequest, "the chunked body is malformed")
        }
    }

    private func beginAwaited(followedBy rest: [UInt8]) {
        guard let head = current, let respond else { preconditionFailure("a body is read for a request") }
        let bytes = inbox
        inbox = rest
        self.respond = nil
        current = nil
        begin(Request(head: head.with(bytes: bytes)), respond)
    }

    private func discard(_ input: Span<UInt8>, _ bytes: Int) {
        guard input.count >= bytes else {
            phase = .discarding(bytes: bytes - input.count)
            return
        }
        inbox = Array(input, bytes..<input.count)
        next()
    }
}

extension [UInt8] {
    /// A copy of the bytes of `range` of `input`.
    init(_ input: Span<UInt8>, _ range: Range<Int>) {
        self = unsafe input.withUnsafeBufferPointer { unsafe Array($0[range]) }
    }
}
