import Foundation
import Shared
import Support
import Testing

/// Servers that are there, and will not do what they should.
@Suite(.serialized) struct `Servers that do not serve` {
    private func awaitQueue(_ deployment: Deployment, _ count: Int = 50) {
        #expect(eventually(seconds: 30) { (try? deployment.queued()) ?? 0 > count })
    }

    @Test func `PostgreSQL stands still`() throws {
        let deployment = try Deployment(workers: 2, ownPostgres: true)
        let server = deployment.database.server.processID
        let tally = try deployment.underLoad("SIGSTOP of PostgreSQL") {
            let processes = try ChildProcess.run(["pgrep", "-P", "\(server)"]).output.split(separator: "\n")
            let all = [server] + processes.compactMap { Int32($0) }
            for process in all { kill(process, SIGSTOP) }
            awaitQueue(deployment, 200)
            for process in all { kill(process, SIGCONT) }
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }

    @Test func `PostgreSQL takes no session`() throws {
        let deployment = try Deployment(workers: 2, ownPostgres: true)
        let tally = try deployment.underLoad("no session left") {
            let options = PostgresOptions(url: deployment.database.url, applicationName: "greedy")
            var taken: [PostgresConnection] = []
            while let session = try? PostgresConnection(options) { taken.append(session) }
            // Whatever one of them gives up is taken at once.
            let isFull = eventually(seconds: 30) {
                try? taken[0].script(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name LIKE 'tasklane%'
                    """)
                while let session = try? PostgresConnection(options) { taken.append(session) }
                return (try? deployment.queued()) ?? 0 > 100
            }
            #expect(isFull)
            taken = []
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `Redis puts everybody off`() throws {
        let deployment = try Deployment(workers: 2)
        let tally = try deployment.underLoad("CLIENT PAUSE and idle connections closed") {
            try deployment.redis.cli("CONFIG", "SET", "timeout", "1")
            for _ in 0..<Scale.rounds {
                try deployment.redis.cli("CLIENT", "PAUSE", "6000", "ALL")
                deployment.awaitRefusal()
                deployment.awaitApplied(100)
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `a lane is no list, and nobody else is held up`() throws {
        let deployment = try Deployment(settings: ["TASKLANE_LANES": "64"])
        let tally = try deployment.underLoad("WRONGTYPE") {
            let writers = (0..<Scale.writers).compactMap { UserID(Array("w\($0)".utf8)) }
            let theirs = Set(writers.map { Lane(of: $0, lanes: 64) })
            let other = try #require((0..<64).map { Lane($0) }.first { !theirs.contains($0) })
            let key = "tl:{\(String(decoding: other.name, as: UTF8.self))}:queue"
            try deployment.redis.cli("SET", key, "no list")
            deployment.awaitApplied(200)
            #expect(try deployment.redis.cli("GET", key) == "no list")
            try deployment.redis.cli("DEL", key)
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `leases vanish`() throws {
        let deployment = try Deployment(workers: 2)
        let tally = try deployment.underLoad("DEL of owners in a loop") {
            for _ in 0..<10 * Scale.rounds {
                let keys = try deployment.redis.cli("KEYS", "tl:{*}:owner").split(separator: "\n")
                for key in keys.shuffled().prefix(64) { try deployment.redis.cli("DEL", String(key)) }
                deployment.awaitApplied(20)
            }
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }
}
