import Foundation
import Support
import Testing

/// What operators decide about, and what waits meanwhile: redrives, parked users, pauses, workers that come and go.
@Suite(.serialized) struct `Decisions of operators` {
    private static let task = "00000000-0000-7000-8000-0000000000aa"
    private static let trigger = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.title LIKE 'later%' THEN RAISE EXCEPTION 'not today'; END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse();
        ALTER TABLE tasks ADD CONSTRAINT never CHECK (title NOT LIKE 'never%');
        """

    @Test func `a redrive never undoes a later change unless forced, and has one effect`() throws {
        let deployment = try Deployment()
        try deployment.database.sql(Self.trigger)
        let path = "/api/u1/tasks/\(Self.task)"
        _ = try deployment.accept(
            "POST", "/api/u1/tasks", user: "u1", body: #"{"id":"\#(Self.task)","title":"a"}"#)
        let dead = try deployment.accept("PATCH", path, user: "u1", body: #"{"title":"never"}"#)
        #expect(try deployment.outcome(of: dead, user: "u1")["status"] as? String == "dead_lettered")
        let later = try deployment.accept("PATCH", path, user: "u1", body: #"{"title":"c"}"#)
        #expect(try deployment.outcome(of: later, user: "u1")["status"] as? String == "succeeded")
        try deployment.database.sql("ALTER TABLE tasks DROP CONSTRAINT never")

        try deployment.tasklane("dead", "redrive", dead, "--yes")
        #expect(eventually { (try? self.state(of: dead, deployment)) == "superseded" })
        let failed = try deployment.outcome(of: dead, user: "u1")
        #expect((failed["error"] as? [String: Any])?["code"] as? String == "superseded", "\(failed)")
        try deployment.tasklane("dead", "redrive", dead, "--force", "--yes")
        #expect(eventually { (try? self.state(of: dead, deployment)) == "redriven" })
        try deployment.tasklane("dead", "redrive", dead, "--force", "--yes")
        let last = try deployment.accept("PATCH", path, user: "u1", body: #"{"description":"d"}"#)
        #expect(try deployment.outcome(of: last, user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.database.sql("SELECT title, version FROM tasks") == "never|4")
    }

    @Test func `a parked user's tries end, and what stood behind follows in order`() throws {
        let deployment = try Deployment(settings: ["TASKLANE_LANES": "1", "TASKLANE_MAX_ATTEMPTS": "3"])
        try deployment.database.sql(Self.trigger)
        _ = try deployment.accept(
            "POST", "/api/u1/tasks", user: "u1", body: #"{"id":"\#(Self.task)","title":"a"}"#)
        let path = "/api/u1/tasks/\(Self.task)"
        let bad = try deployment.accept("PATCH", path, user: "u1", body: #"{"title":"later"}"#)
        var behind: [String] = []
        for number in 0..<20 {
            behind.append(
                try deployment.accept("PATCH", path, user: "u1", body: #"{"description":"d\#(number)"}"#))
        }
        let other = try deployment.accept("POST", "/api/u2/tasks", user: "u2", body: #"{"title":"x"}"#)
        #expect(try deployment.outcome(of: other, user: "u2", seconds: 5)["status"] as? String == "succeeded")
        let end = try deployment.outcome(of: bad, user: "u1", seconds: 20)
        #expect(end["status"] as? String == "dead_lettered" && end["attempts"] as? Int == 3, "\(end)")
        for (place, id) in behind.enumerated() {
            let result = try deployment.outcome(of: id, user: "u1")["result"] as? [String: Any]
            #expect(result?["etag"] as? String == "\"v\(place + 2)\"")
        }
        #expect(
            try deployment.database.sql("SELECT reason, jsonb_array_length(attempts) FROM dead_letters")
                == "attempts_exhausted|3")
    }

    @Test func `lanes are paused and resumed under load`() throws {
        let deployment = try Deployment(workers: 2)
        let tally = try deployment.underLoad("pause and resume") {
            for _ in 0..<2 * Scale.rounds {
                try deployment.tasklane("pause", "--all", "--why", "fault test")
                #expect(eventually { (try? deployment.queued()) ?? 0 > 20 })
                try deployment.tasklane("resume", "--all")
                deployment.awaitApplied(50)
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `workers that join and leave share the lanes evenly`() throws {
        let deployment = try Deployment(workers: 1)
        let tally = try deployment.underLoad("workers join and leave") {
            let joined = [try deployment.startWorker(), try deployment.startWorker()]
            let isEven = eventually(seconds: 10) {
                let lanes = (try? self.lanesByOwner(deployment)) ?? [:]
                return lanes.count == 3 && lanes.values.allSatisfy { (50...130).contains($0) }
            }
            #expect(isEven, "\((try? self.lanesByOwner(deployment)) ?? [:])")
            for worker in joined { worker.stop() }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `ingest starts and accepts without PostgreSQL, and workers wait for it`() throws {
        let deployment = try Deployment(workers: 0, ingest: false, ownPostgres: true)
        try deployment.startIngest().killHard()
        try deployment.startWorker().stop()
        deployment.database.server.crash()
        try deployment.startIngest()
        let id = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"x"}"#)
        let worker = try deployment.start(
            "tasklane-worker",
            settings: ["TASKLANE_WORKER_ADMIN_LISTEN": "127.0.0.1:\(Deployment.freePort())"])
        try worker.waitForOutput("waiting for the stores")
        try deployment.database.server.start()
        #expect(try deployment.outcome(of: id, user: "u1", seconds: 15)["status"] as? String == "succeeded")
    }

    private func state(of id: String, _ deployment: Deployment) throws -> String {
        try deployment.database.sql("SELECT state FROM dead_letters WHERE request_id = '\(id)'")
    }

    private func lanesByOwner(_ deployment: Deployment) throws -> [String: Int] {
        let script = """
            local owners = {}
            for _, key in ipairs(redis.call('KEYS', 'tl:*:owner')) do owners[#owners + 1] = redis.call('GET', key) end
            return owners
            """
        var lanes: [String: Int] = [:]
        for owner in try deployment.redis.cli("EVAL", script, "0").split(separator: "\n") {
            lanes[String(owner.prefix { $0 != "/" }), default: 0] += 1
        }
        return lanes
    }
}
