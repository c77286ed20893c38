import Foundation
import Support
import Synchronization

/// One user who changes one task again and again, and remembers every request that was accepted, in order.
///
/// Each change carries an Idempotency-Key and is repeated with it until it is accepted, as a careful client does:
/// whatever breaks in between, the n-th accepted change must end as version n + 1, which shows loss, doubling and
/// reordering at once.
final class Writer: @unchecked Sendable {
    // Sendable by its lock: the thread writes `record` under it and everything else is set before the thread starts.
    struct Record {
        var accepted: [String] = []
        var refusals = 0
        var lastAcceptedAt = ContinuousClock.now
        /// The longest time in which nothing was accepted.
        var longestPause: Duration = .zero
        var complaints: [String] = []
    }

    let user: String
    private let token: String
    private let port: UInt16
    private let record = Mutex(Record())
    private let stopping = Atomic<Bool>(false)
    private let finished = DispatchSemaphore(value: 0)

    init(user: String, token: String, port: UInt16) {
        self.user = user
        self.token = token
        self.port = port
    }

    /// Starts writing on a thread of its own, `pause` between two changes, until `stop` or `limit` changes.
    func start(pause: Duration, limit: Int) {
        let thread = Thread { [self] in
            run(pause: pause, limit: limit)
            finished.signal()
        }
        thread.start()
    }

    /// Ends after the change that is under way was accepted.
    func stop() -> Record {
        stopping.store(true, ordering: .relaxed)
        finished.wait()
        return record.withLock { $0 }
    }

    var acceptedCount: Int { record.withLock { $0.accepted.count } }

    private func run(pause: Duration, limit: Int) {
        let client = HTTPClient(port: port, timeoutSeconds: 10)
        let task = "00000000-0000-7000-8000-000000000001"
        for number in 0..<limit {
            if stopping.load(ordering: .relaxed) { return }
            let creating = number == 0
            let body = creating ? #"{"id":"\#(task)","title":"n0"}"# : #"{"title":"n\#(number)"}"#
            accept(
                client, creating ? "POST" : "PATCH", "/api/\(user)/tasks" + (creating ? "" : "/\(task)"),
                key: "\(user)-\(number)", body: body)
            usleep(UInt32(pause / .microseconds(1)))
        }
    }

    private func accept(_ client: HTTPClient, _ method: String, _ path: String, key: String, body: String) {
        while true {
            do throws(NoAnswer) {
                let answer = try client.send(
                    method, path, token: token, headers: ["Idempotency-Key": key], body: body)
                if answer.status == 202 || answer.status == 200, let id = answer.json["id"] as? String {
                    return noteAccepted(id)
                }
                if answer.status != 503 {
                    record.withLock {
                        $0.complaints.append("\(method) \(path): \(answer.status) \(answer.text)")
                    }
                    return
                }
            } catch {}
            record.withLock { $0.refusals += 1 }
            usleep(20_000)
        }
    }

    private func noteAccepted(_ id: String) {
        record.withLock {
            $0.accepted.append(id)
            let now = ContinuousClock.now
            $0.longestPause = max($0.longestPause, now - $0.lastAcceptedAt)
            $0.lastAcceptedAt = now
        }
    }
}
