import Foundation
import Support
import Testing

@Suite(.serialized) struct `Killed and stopped processes` {
    @Test func `a worker killed again and again loses, doubles and reorders nothing`() throws {
        let deployment = try Deployment(workers: 1)
        let tally = try deployment.underLoad("kill -9 of a worker") {
            var victim = try deployment.startWorker()
            for _ in 0..<2 * Scale.rounds {
                usleep(700_000)
                victim.killHard()
                victim = try deployment.startWorker()
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `after the only worker was killed the next one applies within 15 seconds`() throws {
        let deployment = try Deployment(workers: 0)
        let worker = try deployment.startWorker()
        _ = try deployment.outcome(
            of: deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"before"}"#),
            user: "u1")
        worker.killHard()
        let id = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"after"}"#)
        let start = ContinuousClock.now
        try deployment.startWorker()
        let outcome = try deployment.outcome(of: id, user: "u1", seconds: 20)
        print("fault \"takeover\": recovered after \(ContinuousClock.now - start)")
        #expect(outcome["status"] as? String == "succeeded")
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func `a worker stopped past its lease does no harm when it wakes`() throws {
        let deployment = try Deployment(workers: 1)
        let tally = try deployment.underLoad("SIGSTOP past the lease") {
            let sleeper = try deployment.startWorker()
            usleep(4_000_000)
            sleeper.signal(SIGSTOP)
            usleep(13_000_000)
            sleeper.signal(SIGCONT)
            usleep(1_000_000)
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `ingest killed under load loses nothing that it answered`() throws {
        let deployment = try Deployment(ingest: false)
        var ingest = try deployment.startIngest()
        let tally = try deployment.underLoad("kill -9 of ingest") {
            for _ in 0..<2 * Scale.rounds {
                usleep(400_000)
                ingest.killHard()
                ingest = try deployment.startIngest()
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `workers restarted in turn hold up nobody`() throws {
        let deployment = try Deployment(workers: 0)
        var workers = [try deployment.startWorker(), try deployment.startWorker()]
        let tally = try deployment.underLoad("rolling restart") {
            for round in 0..<2 * Scale.rounds {
                workers[round % 2].stop()
                #expect(workers[round % 2].exitStatus == Int32(0))
                workers[round % 2] = try deployment.startWorker()
                usleep(300_000)
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `a worker killed between commit and settle leaves one effect`() throws {
        let deployment = try Deployment(workers: 0)
        let task = "00000000-0000-7000-8000-0000000000aa"
        _ = try deployment.accept(
            "POST", "/api/u1/tasks", user: "u1", body: #"{"id":"\#(task)","title":"a"}"#)
        let toggle = try deployment.accept("PATCH", "/api/u1/tasks/\(task)/complete", user: "u1")
        // The commit waits behind this lock; meanwhile Redis stops taking writes, so that settle cannot get through.
        let worker = try deployment.startWorker()
        let blocked = eventually(seconds: 10) {
            (try? deployment.database.sql("SELECT count(*) FROM requests")) != "0"
        }
        #expect(blocked)
        let second = try commitWithoutSettle(deployment, worker, task: task)
        #expect(try deployment.database.sql("SELECT completed FROM tasks WHERE id = '\(task)'") == "f")
        try deployment.startWorker()
        #expect(try deployment.outcome(of: toggle, user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.outcome(of: second, user: "u1")["status"] as? String == "succeeded")
        #expect(
            try deployment.database.sql("SELECT completed, version FROM tasks WHERE id = '\(task)'") == "f|3")
    }

    /// Toggles once more, lets PostgreSQL commit it, and kills the worker before Redis heard of it.
    private func commitWithoutSettle(_ deployment: Deployment, _ worker: ChildProcess, task: String) throws
        -> String
    {
        let lock = try ChildProcess(
            [
                "psql", "-X", "-q", "-h", deployment.database.server.directory, "-U", "postgres", "-d",
                deployment.database.name,
                "-c", "BEGIN", "-c", "LOCK TABLE tasks IN EXCLUSIVE MODE", "-c", "SELECT pg_sleep(1)", "-c",
                "COMMIT",
            ], logPath: TemporaryDirectory.make("lock") + "/log")
        usleep(200_000)
        let id = try deployment.accept("PATCH", "/api/u1/tasks/\(task)/complete", user: "u1")
        usleep(300_000)
        try deployment.redis.cli("CLIENT", "PAUSE", "60000", "WRITE")
        lock.waitForEnd()
        #expect(
            eventually(seconds: 10) {
                (try? deployment.database.sql("SELECT version FROM tasks WHERE id = '\(task)'")) == "3"
            })
        worker.killHard()
        // The settle that is held back dies with its connection, before writes flow again.
        try deployment.redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try deployment.redis.cli("CLIENT", "UNPAUSE")
        return id
    }
}
