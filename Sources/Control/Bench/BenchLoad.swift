internal import CSystem
import Shared

/// Keep-alive connections that send one request after the other, on one thread with poll(2).
struct BenchLoad {
    /// What a load is made of.
    struct Plan {
        let port: Int
        let connections: Int
        let seconds: Double
        let users: [UserID]
        /// One for each user.
        let tokens: [String]
    }

    /// What came of it.
    struct Outcome {
        /// Seconds for each answer.
        var latencies: [Double] = []
        var codes: [Int: Int] = [:]
        /// Connections that broke with a request under way.
        var broken = 0
        var seconds = 0.0
        /// The newest request that was accepted, with its user.
        var last: (id: String, user: Int)?
    }

    private let plan: Plan
    private var connections: [BenchConnection] = []
    private var outcome = Outcome()
    private var sent = 0

    init(_ plan: Plan) { self.plan = plan }

    /// Runs to the end, or until `isOver`; `progress` hears the seconds that have passed.
    mutating func run(
        until isOver: () -> Bool, _ progress: (Double) -> Void
    ) throws(CommandFailure) -> Outcome {
        for _ in 0..<plan.connections {
            guard let connection = BenchConnection(port: plan.port) else {
                throw .failed(
                    "cannot connect to 127.0.0.1:\(plan.port): is tasklane-ingest running? (--port)")
            }
            connections.append(connection)
        }
        let started = tl_monotonic_nanos()
        let end = started + Int64(plan.seconds * 1e9)
        for place in connections.indices { send(place) }
        while tl_monotonic_nanos() < end && !isOver() {
            step()
            progress(Double(tl_monotonic_nanos() - started) / 1e9)
        }
        // Answers that are under way still count.
        let grace = tl_monotonic_nanos() + 5_000_000_000
        while connections.contains(where: { $0.sentAt != 0 }) && tl_monotonic_nanos() < grace {
            step(sendsMore: false)
        }
        outcome.seconds = Double(tl_monotonic_nanos() - started) / 1e9
        return outcome
    }

    private mutating func send(_ place: Int) {
        let user = sent % plan.users.count
        sent += 1
        let body = "{\"title\":\"bench \(sent)\"}"
        connections[place].send(
            "POST /api/\(plan.users[user])/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                + "\(plan.tokens[user])\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                + body, user: user)
    }

    private mutating func step(sendsMore: Bool = true) {
        var polled = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard unsafe poll(&polled, nfds_t(polled.count), 100) > 0 else { return }
        for place in polled.indices where polled[place].revents != 0 {
            switch connections[place].receive() {
            case .partial: continue
            case .answer(let code, let id):
                outcome.codes[code, default: 0] += 1
                outcome.latencies.append(Double(tl_monotonic_nanos() - connections[place].sentAt) / 1e9)
                if let id { outcome.last = (id, connections[place].user) }
            case .closed:
                if connections[place].sentAt != 0 { outcome.broken += 1 }
                if let fresh = BenchConnection(port: plan.port) {
                    connections[place] = fresh
                } else {
                    continue
                }
            }
            connections[place].sentAt = 0
            if sendsMore { send(place) }
        }
    }
}

/// One connection of a load.
final class BenchConnection {
    enum Reception {
        case partial
        /// The status, and the id of an accepted request.
        case answer(Int, id: String?)
        case closed
    }

    let descriptor: Int32
    /// Monotonic nanoseconds; 0 while nothing is under way.
    var sentAt: Int64 = 0
    private(set) var user = 0
    private var buffer: [UInt8] = []

    init?(port: Int) {
        guard let connected = LocalSocket.connect(port: port) else { return nil }
        descriptor = connected
    }

    deinit { close(descriptor) }

    func send(_ text: String, user: Int) {
        self.user = user
        sentAt = tl_monotonic_nanos()
        let bytes = Array(text.utf8)
        // Some hundred bytes always fit a socket that is otherwise empty; a broken one is found by `receive`.
        _ = unsafe CSystem.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func receive() -> Reception {
        var chunk = [UInt8](repeating: 0, count: 16384)
        let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
        if count < 0 && tl_errno() == EINTR { return .partial }
        guard count > 0 else { return .closed }
        buffer += chunk[..<count]
        guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) else { return .partial }
        let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        func field(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ":") }.map { line in
                String(line.dropFirst(name.count + 1).drop { $0 == " " })
            }
        }
        let length = field("content-length").flatMap { Int($0) } ?? 0
        guard buffer.count >= end.upperBound + length else { return .partial }
        buffer.removeFirst(end.upperBound + length)
        let status =
            lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        return .answer(status, id: field("sync-token"))
    }
}
