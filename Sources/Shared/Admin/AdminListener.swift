internal import CSystem
internal import Synchronization

/// What an operator's page answers.
package struct AdminAnswer: Sendable {
    package let status: Int
    package let contentType: StaticString
    package let body: [UInt8]

    package init(status: Int = 200, contentType: StaticString = "text/plain; charset=utf-8", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// The worker's listener for `/livez`, `/readyz` and `/metrics`: one thread, one connection at a time, GET alone.
///
/// Ingest serves its own with its real server; a worker has no event loop, and what scrapes it comes every few
/// seconds. A peer that sends or reads nothing for two seconds is dropped, so that nobody can hold the page.
package final class AdminListener: Sendable {
    private let descriptor: Int32
    private let stopping = Atomic<Bool>(false)
    private let answer: @Sendable (_ path: String) -> AdminAnswer

    /// Listens at once; `answer` is called on the listener's thread with the path, without its query.
    package init(
        _ address: ListenAddress, answer: @escaping @Sendable (String) -> AdminAnswer
    ) throws(SystemError) {
        switch address {
        case .ipv4(let host, let port): descriptor = try Socket.listenIPv4(host, port, backlog: 16)
        case .ipv6(let host, let port): descriptor = try Socket.listenIPv6(host, port, backlog: 16)
        case .unix(let path):
            if Socket.isStale(path) { _ = unsafe unlink(path) }
            descriptor = try Socket.listenUnix(path, backlog: 16)
        }
        self.answer = answer
        _ = try startThread(name: "admin") { [self] in run() }
    }

    /// Ends the thread within half a second.
    package func stop() { stopping.store(true, ordering: .relaxed) }

    private func run() {
        defer { close(descriptor) }
        while !stopping.load(ordering: .relaxed) {
            var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waited, 1, 500) > 0, case .connection(let peer) = Socket.accept(descriptor)
            else {
                continue
            }
            serve(peer)
            close(peer)
        }
    }

    private func serve(_ peer: Int32) {
        guard let target = readTarget(peer) else {
            return send(
                AdminAnswer(status: 400, body: Array("only GET and HEAD are served here\n".utf8)), to: peer,
                hasBody: true)
        }
        let path = target.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        send(answer(String(path)), to: peer, hasBody: !target.isHead)
    }

    /// The target of the request line once the whole head has come; nil for what is no GET or HEAD.
    private func readTarget(_ peer: Int32) -> (path: String, isHead: Bool)? {
        var head: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while head.count < 16384 {
            guard wait(peer, Int16(POLLIN)) else { return nil }
            let count = unsafe recv(peer, &chunk, chunk.count, 0)
            if count <= 0 { return nil }
            head += chunk[..<count]
            let ended = unsafe head.withUnsafeBytes {
                unsafe tl_find($0.baseAddress, $0.count, "\r\n\r\n", 4) >= 0
            }
            guard ended else { continue }
            let line = head.prefix { $0 != 0x0D }.split(separator: UInt8(ascii: " "))
            guard line.count == 3, line[0].elementsEqual("GET".utf8) || line[0].elementsEqual("HEAD".utf8)
            else { return nil }
            return (String(decoding: line[1], as: UTF8.self), line[0].elementsEqual("HEAD".utf8))
        }
        return nil
    }

    private func send(_ answer: AdminAnswer, to peer: Int32, hasBody: Bool) {
        let reason =
            switch answer.status {
            case 200: "OK"
            case 400: "Bad Request"
            case 404: "Not Found"
            default: "Service Unavailable"
            }
        var bytes = Array(
            """
            HTTP/1.1 \(answer.status) \(reason)\r\nContent-Type: \(answer.contentType)\r\n\
            Content-Length: \(answer.body.count)\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
            \(answer.status == 503 ? "Retry-After: 2\r\n" : "")Connection: close\r\n\r\n
            """.utf8)
        if hasBody { bytes += answer.body }
        var sent = 0
        while sent < bytes.count, wait(peer, Int16(POLLOUT)) {
            switch Socket.write(peer, bytes.span, from: sent) {
            case .bytes(let count): sent += count
            case .wouldBlock: continue
            case .broken: return
            }
        }
        Socket.finishSending(peer)
    }

    /// True when the peer is ready within two seconds.
    private func wait(_ peer: Int32, _ event: Int16) -> Bool {
        var waited = pollfd(fd: peer, events: event, revents: 0)
        return unsafe poll(&waited, 1, 2000) > 0
    }
}
