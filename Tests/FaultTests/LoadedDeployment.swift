import Foundation
import Support
import Testing

/// How much each fault test does: little in `./dev test`, more in `./dev faults` (TASKLANE_FAULTS=long).
enum Scale {
    static let isLong = ProcessInfo.processInfo.environment["TASKLANE_FAULTS"] == "long"
    static let writers = isLong ? 32 : 6
    static let pause: Duration = isLong ? .milliseconds(2) : .milliseconds(10)
    static let rounds = isLong ? 5 : 1

    static func entries(_ quick: Int, long: Int) -> Int { isLong ? long : quick }
}

extension Deployment {
    /// Lets writers write while `fault` does its worst, stops them, and tells what became of what was accepted.
    func underLoad(_ name: String, _ fault: () throws -> Void) throws -> Tally {
        let writers = (0..<Scale.writers).map { Writer(user: "w\($0)", token: token("w\($0)"), port: port) }
        for writer in writers { writer.start(pause: Scale.pause, limit: 1_000_000) }
        guard eventually(seconds: 20, { writers.allSatisfy { $0.acceptedCount > 2 } }) else {
            _ = writers.map { $0.stop() }
            throw ChildFailure(description: "nothing was accepted before the fault")
        }
        let outcome = Result { try fault() }
        let before = writers.map(\.acceptedCount)
        // The fault is over when everybody has been served again.
        let served = eventually(seconds: 40) { zip(writers, before).allSatisfy { $0.acceptedCount > $1 + 2 } }
        let records = writers.map { (writer: $0, record: $0.stop()) }
        try outcome.get()
        var tally = Tally()
        if !served { tally.complaints.append("writes did not come back within 40 s of the fault") }
        tally.add(records, client: HTTPClient(port: port), token: { self.token($0) })
        print("fault \"\(name)\": \(tally)")
        return tally
    }

    /// Mutations that were applied; 0 while PostgreSQL does not answer.
    var appliedCount: Int {
        (try? database.sql("SELECT count(*) FROM requests")).flatMap { Int($0) } ?? 0
    }

    /// Waits until `more` further mutations were applied: every part works, and is at work.
    func awaitApplied(_ more: Int) {
        let before = appliedCount
        #expect(eventually(seconds: 30) { appliedCount >= before + more })
    }

    /// Waits until a write is refused for want of Redis, with nothing accepted.
    func awaitRefusal() {
        let client = HTTPClient(port: port)
        let isRefused = eventually(seconds: 30) {
            let answer = try? client.send(
                "POST", "/api/u1/tasks", token: token("u1"), body: #"{"title":"x"}"#)
            return answer?.status == 503 && answer?.json["accepted"] as? Bool == false
        }
        #expect(isRefused)
    }

    /// The outcome of one request once it is done, or its last state after `seconds`.
    func outcome(of id: String, user: String, seconds: Double = 30) throws -> [String: Any] {
        let client = HTTPClient(port: port)
        var last: [String: Any] = [:]
        eventually(seconds: seconds) {
            last = (try? client.send("GET", "/api/requests/\(id)?wait=2", token: token(user)))?.json ?? [:]
            return last["done"] as? Bool == true
        }
        return last
    }

    /// Accepts one mutation and gives its request id.
    func accept(_ method: String, _ path: String, user: String, body: String? = nil) throws -> String {
        let answer = try HTTPClient(port: port).send(method, path, token: token(user), body: body)
        guard answer.status == 202, let id = answer.json["id"] as? String else {
            throw ChildFailure(description: "\(method) \(path): \(answer.status) \(answer.text)")
        }
        return id
    }
}
