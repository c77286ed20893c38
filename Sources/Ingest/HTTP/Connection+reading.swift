internal import Shared

extension Connection {
    /// Goes on with what has arrived and what can be read, for as long as the phase wants more.
    ///
    /// A loop and not a recursion: a client may pipeline thousands of requests in one packet.
    func drive() {
        if isDriving { return }
        isDriving = true
        defer { isDriving = false }
        var reads = 0
        while canRead {
            if inboxIsUntried {
                inboxIsUntried = false
                if !inbox.isEmpty { readHeadFromInbox() }
            } else if mayRead {
                reads += 1
                // One client that sends without pause must not hold up the others: ask for the edge anew.
                if reads > 16 { return watchWritability(isBlocked) }
                readOnce()
            } else {
                return
            }
        }
    }

    private func readOnce() {
        switch server.readBuffer.fill(from: fd) {
        case .wouldBlock: mayRead = false
        case .broken: cut()
        case .end: sawEnd()
        case .bytes(let count):
            // Less than asked for: the rest comes with a new edge, unless the end is known to follow.
            if count < server.readBuffer.capacity, !isPeerClosed { mayRead = false }
            server.readBuffer.withBytes(count) { received($0) }
        }
    }

    /// The client will send no more; what is complete has been acted on, the rest is half a request.
    private func sawEnd() {
        isPeerClosed = true
        hasEnded = true
        mayRead = false
        if output.isEmpty { return cut() }
        closesAfterOutput = true
    }

    private func received(_ input: Span<UInt8>) {
        switch phase {
        case .head where inbox.isEmpty: readHead(input, isInbox: false)
        case .head:
            inbox.append(input, from: 0)
            readHeadFromInbox()
        case .body, .chunks: takeBody(input)
        case .discarding(let bytes): discard(input, bytes)
        case .lingering, .closed: break
        case .asking, .handling: preconditionFailure("nothing is read while a request is handled")
        }
    }

    // MARK: Heads

    private func readHeadFromInbox() {
        let bytes = inbox.bytes
        readHead(bytes.span.extracting(inbox.start..<bytes.count), isInbox: true)
    }

    private func readHead(_ input: Span<UInt8>, isInbox: Bool) {
        switch parser.parse(input, server.limits) {
        case .failed(let failure): refuse(failure, input)
        case .needsMore:
            if !isInbox { inbox.append(input, from: 0) }
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
        var used = layout.headEnd
        var isWhole = layout.framing == .none
        if case .length(let length) = layout.framing, length <= input.count - layout.headEnd {
            used += length
            isWhole = true
        }
        let head = RequestHead(
            bytes: Array(input, 0..<used), layout: layout, mintedID: server.correlation.mint())
        if isInbox { inbox.drop(used) } else { inbox.append(input, from: used) }
        phase = .asking
        decide(server.handler.admit(head), head, isWhole: isWhole)
    }

    /// Acts on what the handler decided about a head. In `inbox` is what follows `head.bytes`.
    private func decide(_ admission: Admission, _ head: RequestHead, isWhole: Bool) {
        switch admission {
        case .ask(let question):
            clearDeadline()
            task = loop.start { [self] in
                let admission = await question()
                task = nil
                guard case .asking = phase else { return }
                decide(admission, head, isWhole: isWhole)
                drive()
            }
        case .answer(let response): answer(response, head, bodyIsRead: isWhole)
        case .serve(let bodyBytesMax, let respond):
            serve(head, isWhole: isWhole, bodyBytesMax, .task(respond))
        case .take(let bodyBytesMax, let taker): serve(head, isWhole: isWhole, bodyBytesMax, .taker(taker))
        }
    }

    private func serve(_ head: RequestHead, isWhole: Bool, _ bodyBytesMax: Int, _ answerer: Answerer) {
        if case .length(let length) = head.layout.framing, length > bodyBytesMax {
            return answer(tooLarge(head, bodyBytesMax), head, bodyIsRead: isWhole)
        }
        if isWhole {
            begin(Request(head: head, socket: fd), answerer)
        } else {
            awaitBody(head, bodyBytesMax, answerer)
        }
    }

    private func tooLarge(_ head: RequestHead, _ bodyBytesMax: Int) -> Response {
        server.handler.refused(.contentTooLarge)
        var response = head.answer(
            Problem(.contentTooLarge, detail: "the body may have at most \(bodyBytesMax) bytes"))
        server.handler.complete(&response, head)
        return response
    }

    // MARK: Bodies

    private func awaitBody(
        _ head: RequestHead, _ bodyBytesMax: Int, _ answerer: Answerer
    ) {
        awaited = (head, answerer)
        setDeadline(after: server.limits.bodyTime)
        if head.layout.expectsContinue, inbox.isEmpty {
            output.append("HTTP/1.1 100 Continue\r\n\r\n")
            flush()
            if case .closed = phase { return }
        }
        assembled = head.bytes
        if case .length(let length) = head.layout.framing {
            phase = .body(missingBytes: length)
        } else {
            phase = .chunks(ChunkedDecoder(), dataBytesMax: bodyBytesMax)
        }
        let arrived = inbox.takeAll()
        takeBody(arrived.span)
    }

    private func takeBody(_ input: Span<UInt8>) {
        switch phase {
        case .body(let missingBytes):
            let used = min(missingBytes, input.count)
            assembled.append(input, 0..<used)
            if used < missingBytes {
                phase = .body(missingBytes: missingBytes - used)
            } else {
                bodyIsComplete(followedBy: input, from: used)
            }
        case .chunks(var decoder, let dataBytesMax):
            takeChunks(input, &decoder, dataBytesMax)
        default: preconditionFailure("no body is awaited")
        }
    }

    private func takeChunks(_ input: Span<UInt8>, _ decoder: inout ChunkedDecoder, _ dataBytesMax: Int) {
        do throws(ChunkedDecoder.Failure) {
            let used = try decoder.decode(input, into: &assembled, dataBytesMax: dataBytesMax)
            if decoder.isDone {
                bodyIsComplete(followedBy: input, from: used)
            } else {
                phase = .chunks(decoder, dataBytesMax: dataBytesMax)
            }
        } catch .tooLarge {
            guard let (head, _) = awaited else { return }
            answer(tooLarge(head, dataBytesMax), head, bodyIsRead: false)
        } catch {
            refuse(.malformedRequest, "the chunked body is malformed")
        }
    }

    private func bodyIsComplete(followedBy input: Span<UInt8>, from place: Int) {
        guard let (head, answerer) = awaited else { preconditionFailure("a body is read for a request") }
        inbox.append(input, from: place)
        let request = Request(head: head.with(bytes: assembled), socket: fd)
        awaited = nil
        assembled = []
        begin(request, answerer)
    }

    private func discard(_ input: Span<UInt8>, _ bytes: Int) {
        guard input.count >= bytes else {
            phase = .discarding(bytes: bytes - input.count)
            return
        }
        inbox.append(input, from: bytes)
        next()
    }
}

extension [UInt8] {
    /// A copy of the bytes of `range` of `input`.
    init(_ input: Span<UInt8>, _ range: Range<Int>) {
        self = unsafe input.withUnsafeBufferPointer { unsafe Array($0[range]) }
    }
}
