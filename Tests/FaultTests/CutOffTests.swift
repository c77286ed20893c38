import Foundation
import Support
import Testing

/// A worker that reaches Redis and not PostgreSQL, beside one that reaches both.
@Suite(.serialized) struct `A worker that is cut off from PostgreSQL` {
    /// The second worker's own way to the server, which can be taken from it.
    private struct Way {
        let deployment: Deployment
        let path = TemporaryDirectory.make("way") + "/server"

        func open() throws {
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: deployment.database.server.directory)
        }

        func close() throws {
            try FileManager.default.removeItem(atPath: path)
            try deployment.database.sql(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = 'cut-off'
                """)
        }

        var url: String {
            deployment.database.url.replacingOccurrences(
                of: deployment.database.server.directory, with: path) + "&application_name=cut-off"
        }
    }

    private func lanesHeld(_ deployment: Deployment) throws -> [Int] {
        let text = try deployment.tasklane("workers", "--json")
        return text.split(separator: "\n").map { line in
            let worker = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return worker?["lanes"] as? Int ?? 0
        }.sorted()
    }

    /// Each lane has its owner, and no worker has much more than the other.
    private func isShared(_ deployment: Deployment) -> Bool {
        let held = (try? lanesHeld(deployment)) ?? []
        return held.count == 2 && held.reduce(0, +) == 256 && held[0] > 64
    }

    @Test func `leaves its lanes to the other one, and takes them again`() throws {
        let deployment = try Deployment(workers: 1)
        let way = Way(deployment: deployment)
        try way.open()
        try deployment.startWorker(settings: ["DATABASE_URL": way.url])
        #expect(eventually(seconds: 20) { isShared(deployment) })
        let tally = try deployment.underLoad("PostgreSQL out of one worker's reach") {
            try way.close()
            var count = 0
            let hasNone = eventually(seconds: 20) {
                // The writers' lanes may all be the other one's, and who has no work needs no PostgreSQL.
                count += 1
                _ = try? deployment.accept(
                    "POST", "/api/y\(count)/tasks", user: "y\(count)", body: #"{"title":"y"}"#)
                return (try? lanesHeld(deployment))?.first == 0
            }
            #expect(hasNone)
            #expect(try deployment.tasklane("workers").contains("no PostgreSQL for"))
            for number in 0..<12 {
                let user = "x\(number)"
                let id = try deployment.accept(
                    "POST", "/api/\(user)/tasks", user: user, body: #"{"title":"x"}"#)
                #expect(
                    try deployment.outcome(of: id, user: user, seconds: 5)["status"] as? String
                        == "succeeded")
            }
            try way.open()
            // It looks again after 30 s at most.
            #expect(eventually(seconds: 60) { isShared(deployment) })
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }
}
