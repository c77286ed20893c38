import Foundation
import Shared
import Support
import Testing

@Suite(.serialized) struct `Killed and stopped processes` {
    @Test func `a worker killed again and again loses, doubles and reorders nothing`() throws {
        let deployment = try Deployment(workers: 1)
        let tally = try deployment.underLoad("kill -9 of a worker") {
            var victim = try deployment.startWorker()
            for _ in 0..<2 * Scale.rounds {
                deployment.awaitApplied(51)
                victim.killHard()
                victim = try deployment.startWorker()
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `after the only worker was killed the next one applies within 5 seconds`() throws {
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
        // Its lease would run for up to ten: a worker beside it sees that the process is gone.
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `a mutation whose workers die is set aside as poison within a minute, and harms nobody`()
        throws
    {
        let deployment = try Deployment(workers: 0, settings: ["TASKLANE_LANES": "1"])
        try deployment.database.sql(
            """
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.title = 'deadly' THEN
                    PERFORM set_config('lock_timeout', '0', true);
                    PERFORM pg_advisory_lock(4711);
                END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER stall BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION stall()
            """)
        // Whoever comes to the mutation waits for this session until it dies itself.
        let holder = try session(deployment)
        try holder.script("SELECT pg_advisory_lock(4711)")
        let stalled = "FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
        let good = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"a"}"#)
        let bad = try deployment.accept("POST", "/api/u2/tasks", user: "u2", body: #"{"title":"deadly"}"#)
        let last = try deployment.accept("POST", "/api/u3/tasks", user: "u3", body: #"{"title":"b"}"#)
        let start = ContinuousClock.now
        var deaths = 0
        func isStalled() -> Bool {
            (try? deployment.database.sql("SELECT count(*) > 0 \(stalled)")) == "t"
        }
        func isDead() -> Bool { (try? deployment.database.sql("SELECT count(*) FROM dead_letters")) == "1" }
        while !isDead(), ContinuousClock.now - start < .seconds(60) {
            let worker = try deployment.startWorker()
            // Somebody whose process dies each time that it comes to this mutation.
            _ = eventually(seconds: 20) { isStalled() || isDead() }
            worker.killHard()
            deaths += 1
            _ = try? deployment.database.sql("SELECT pg_terminate_backend(pid) \(stalled)")
        }
        print("fault \"poison of workers\": \(deaths) deaths in \(ContinuousClock.now - start)")
        let worker = try deployment.startWorker()
        defer { worker.stop() }
        #expect(try deployment.outcome(of: good, user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.outcome(of: bad, user: "u2")["status"] as? String == "dead_lettered")
        #expect(try deployment.outcome(of: last, user: "u3")["status"] as? String == "succeeded")
        #expect(try deployment.tasklane("dead", "list", "--json").contains(#""reason":"poison""#))
        #expect(ContinuousClock.now - start < .seconds(45))
    }

    @Test func `a worker stopped past its lease does no harm when it wakes`() throws {
        let deployment = try Deployment(workers: 1)
        let tally = try deployment.underLoad("SIGSTOP past the lease") {
            let sleeper = try deployment.startWorker()
            #expect(eventually(seconds: 20) { holders(deployment) == 2 })
            sleeper.signal(SIGSTOP)
            // Its leases run out and the other one takes its lanes.
            #expect(eventually(seconds: 30) { holders(deployment) == 1 })
            sleeper.signal(SIGCONT)
            #expect(eventually(seconds: 30) { holders(deployment) == 2 })
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `ingest killed under load loses nothing that it answered`() throws {
        let deployment = try Deployment(ingest: false)
        var ingest = try deployment.startIngest()
        let tally = try deployment.underLoad("kill -9 of ingest") {
            for _ in 0..<2 * Scale.rounds {
                deployment.awaitApplied(51)
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
                #expect(eventually(seconds: 30) { holders(deployment) == 2 })
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

    @Test func `what was told at its commit is done for who polls, though its worker never settles it`()
        throws
    {
        let deployment = try Deployment(workers: 0)
        let id = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"a"}"#)
        try deployment.database.sql(
            "INSERT INTO requests VALUES ('\(id)', 'u1', 1, 201, NULL, gen_random_uuid(), 1, 0, now())")
        func status() -> String? {
            (try? HTTPClient(port: deployment.port).send(
                "GET", "/api/requests/\(id)", token: deployment.token("u1")))?.json["status"] as? String
        }
        // Its lane says that it waits, and nobody has said otherwise.
        #expect(status() == "queued")
        let resource = #"{"id":"\#(id)","status":"succeeded","done":true}"#
        try deployment.redis.cli("PUBLISH", "tl:done", "early \(deployment.lane(of: "u1")) \(resource)")
        #expect(eventually(seconds: 2) { status() == "succeeded" })
    }

    /// A session of the test's own, to hold locks that others wait for.
    private func session(_ deployment: Deployment) throws -> PostgresConnection {
        try PostgresConnection(PostgresOptions(url: deployment.database.url, applicationName: "test"))
    }

    /// Workers that hold a lane; -1 where Redis does not say.
    private func holders(_ deployment: Deployment) -> Int {
        let script = """
            local seen, count = {}, 0
            for _, key in ipairs(redis.call('KEYS', 'tl:*:owner')) do
                local worker = string.match(redis.call('GET', key) or '', '^(.*)/')
                if worker and not seen[worker] then seen[worker], count = true, count + 1 end
            end
            return count
            """
        return (try? deployment.redis.cli("EVAL", script, "0")).flatMap { Int($0) } ?? -1
    }

    /// Toggles once more, lets PostgreSQL commit it, and kills the worker before Redis heard of it.
    private func commitWithoutSettle(_ deployment: Deployment, _ worker: ChildProcess, task: String) throws
        -> String
    {
        let lock = try session(deployment)
        try lock.script("BEGIN; LOCK TABLE tasks IN EXCLUSIVE MODE")
        let id = try deployment.accept("PATCH", "/api/u1/tasks/\(task)/complete", user: "u1")
        let waits = eventually {
            (try? deployment.database.sql(
                "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'tasks'::regclass AND NOT granted"))
                == "t"
        }
        #expect(waits)
        try deployment.redis.cli("CLIENT", "PAUSE", "60000", "WRITE")
        try lock.script("COMMIT")
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
