import Foundation
import Shared
import Support
import Testing

/// Connections that break, stand still or come back to a server that has forgotten, again and again under load.
@Suite(.serialized) struct `Lost connections` {
    @Test func `to Redis, of everybody, lose nothing`() throws {
        let deployment = try Deployment()
        let tally = try deployment.underLoad("CLIENT KILL in a loop") {
            for _ in 0..<10 * Scale.rounds {
                try deployment.redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try deployment.redis.cli("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes")
                // At any moment of the work that follows.
                deployment.awaitApplied(Int.random(in: 1...60))
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `to a Redis that stands still lose nothing`() throws {
        let deployment = try Deployment(workers: 0)
        let worker = try deployment.startWorker()
        let tally = try deployment.underLoad("SIGSTOP of Redis") {
            deployment.redis.signal(SIGSTOP)
            // Both have given up waiting for a reply that is to come yet.
            deployment.awaitRefusal()
            try worker.waitForOutput("Redis did not answer in time", seconds: 30)
            deployment.redis.signal(SIGCONT)
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `to a Redis that forgot its scripts are no loss`() throws {
        let deployment = try Deployment()
        let tally = try deployment.underLoad("SCRIPT FLUSH in a loop") {
            for _ in 0..<20 * Scale.rounds {
                try deployment.redis.cli("SCRIPT", "FLUSH")
                deployment.awaitApplied(5)
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `to a Redis that may not be written to are refused, and served again`() throws {
        let deployment = try Deployment(workers: 0)
        let worker = try deployment.startWorker()
        let tally = try deployment.underLoad("REPLICAOF") {
            // Of a server that does not exist: it keeps its data and takes no writes.
            try deployment.redis.cli("REPLICAOF", "127.0.0.1", "\(Deployment.freePort())")
            let answer = try HTTPClient(port: deployment.port).send(
                "POST", "/api/u1/tasks", token: deployment.token("u1"), body: #"{"title":"x"}"#)
            #expect(answer.status == 503 && answer.json["accepted"] as? Bool == false, "\(answer.text)")
            try worker.waitForOutput("READONLY", seconds: 30)
            try deployment.redis.cli("REPLICAOF", "NO", "ONE")
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `to PostgreSQL, of everybody, make poison of nobody`() throws {
        let deployment = try Deployment(workers: 2)
        let tally = try deployment.underLoad("pg_terminate_backend in a loop") {
            for _ in 0..<15 * Scale.rounds {
                _ = try? deployment.database.sql(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)
                deployment.awaitApplied(Int.random(in: 1...40))
            }
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }

    @Test func `of a worker that is stopped inside its transaction hold up nobody for long`() throws {
        let deployment = try Deployment(workers: 1)
        let sleeper = try deployment.startWorker(settings: [
            "DATABASE_URL": deployment.database.url + "&application_name=sleeper"
        ])
        let tally = try deployment.underLoad("SIGSTOP inside a transaction") {
            let lock = try PostgresConnection(
                PostgresOptions(url: deployment.database.url, applicationName: "test"))
            try lock.script("BEGIN; LOCK TABLE tasks IN EXCLUSIVE MODE")
            // So many that some are the sleeper's, whichever lanes it has.
            for number in 0..<20 {
                _ = try deployment.accept(
                    "POST", "/api/y\(number)/tasks", user: "y\(number)", body: #"{"title":"y"}"#)
            }
            let waits = """
                SELECT count(*) > 0 FROM pg_stat_activity
                WHERE application_name = 'sleeper' AND wait_event_type = 'Lock'
                """
            #expect(eventually(seconds: 20) { (try? deployment.database.sql(waits)) == "t" })
            sleeper.signal(SIGSTOP)
            try lock.script("COMMIT")
            let stopped = ContinuousClock.now
            for number in 0..<12 {
                let user = "x\(number)"
                let id = try deployment.accept(
                    "POST", "/api/\(user)/tasks", user: user, body: #"{"title":"x"}"#)
                #expect(try deployment.outcome(of: id, user: user)["status"] as? String == "succeeded")
            }
            #expect(ContinuousClock.now - stopped < .seconds(15))
            sleeper.signal(SIGCONT)
        }
        #expect(tally.isClean, "\(tally)")
    }
}
