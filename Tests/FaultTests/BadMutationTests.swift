import Foundation
import Support
import Testing

@Suite(.serialized) struct `Mutations that cannot be applied` {
    private static let trigger = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.title LIKE 'later%' THEN RAISE EXCEPTION 'not today'; END IF;
            -- Waits for the end of its own session.
            IF NEW.title LIKE 'killer%' THEN PERFORM pg_terminate_backend(pg_backend_pid(), 5000); END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse();
        ALTER TABLE tasks ADD CONSTRAINT never CHECK (title NOT LIKE 'never%');
        """

    @Test func `an undecodable entry is dead-lettered by itself`() throws {
        let deployment = try Deployment(workers: 0)
        let first = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"a"}"#)
        let lane = try deployment.lane(of: "u1")
        try deployment.redis.cli("RPUSH", "tl:{\(lane)}:queue", "no mutation at all")
        let last = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"b"}"#)
        try deployment.startWorker()
        #expect(try deployment.outcome(of: first, user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.outcome(of: last, user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.tasklane("dead", "list", "--json").contains(#""reason":"undecodable""#))
    }

    @Test func `a refusal of the database is dead-lettered at once and can be redriven`() throws {
        let deployment = try Deployment()
        try deployment.database.sql(Self.trigger)
        let bad = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"never"}"#)
        let good = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"good"}"#)
        #expect(try deployment.outcome(of: bad, user: "u1")["status"] as? String == "dead_lettered")
        #expect(try deployment.outcome(of: good, user: "u1")["status"] as? String == "succeeded")
        #expect(
            try deployment.tasklane("dead", "list", "--json").contains(#""reason":"rejected_by_database""#))
        try deployment.database.sql("ALTER TABLE tasks DROP CONSTRAINT never")
        try deployment.tasklane("dead", "redrive", bad, "--yes")
        #expect(
            eventually(seconds: 15) {
                (try? deployment.outcome(of: bad, user: "u1")["status"] as? String) == "succeeded"
            })
    }

    @Test func `a passing refusal parks its user in order and nobody else`() throws {
        let deployment = try Deployment(settings: ["TASKLANE_LANES": "1"])
        try deployment.database.sql(Self.trigger)
        let task = "00000000-0000-7000-8000-0000000000aa"
        let create = try deployment.accept(
            "POST", "/api/u1/tasks", user: "u1", body: #"{"id":"\#(task)","title":"later"}"#)
        let update = try deployment.accept(
            "PATCH", "/api/u1/tasks/\(task)", user: "u1", body: #"{"description":"then"}"#)
        let other = try deployment.accept("POST", "/api/u2/tasks", user: "u2", body: #"{"title":"other"}"#)
        #expect(try deployment.outcome(of: other, user: "u2", seconds: 5)["status"] as? String == "succeeded")
        let waiting = try deployment.outcome(of: create, user: "u1", seconds: 3)
        #expect(waiting["status"] as? String == "retrying", "\(waiting)")
        // An operator sees the same states as the client; what stands behind was not tried yet.
        for (id, state) in [(create, "retrying"), (update, "queued")] {
            #expect(try deployment.outcome(of: id, user: "u1", seconds: 0)["status"] as? String == state)
            #expect(try deployment.tasklane("why", id).contains("state      \(state)"))
        }
        try deployment.database.sql("DROP TRIGGER refuse ON tasks")
        #expect(try deployment.outcome(of: create, user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.outcome(of: update, user: "u1")["status"] as? String == "succeeded")
        #expect(
            try deployment.database.sql("SELECT description, version FROM tasks WHERE id = '\(task)'")
                == "then|2")
    }

    @Test func `a mutation that kills its session is found and set aside as poison`() throws {
        let deployment = try Deployment(settings: ["TASKLANE_LANES": "1"])
        try deployment.database.sql(Self.trigger)
        var ids: [String] = []
        for number in 0..<6 {
            let title = number == 3 ? "killer" : "n\(number)"
            ids.append(
                try deployment.accept(
                    "POST", "/api/v\(number)/tasks", user: "v\(number)", body: #"{"title":"\#(title)"}"#))
        }
        let start = ContinuousClock.now
        for number in [0, 1, 2, 4, 5] {
            #expect(
                try deployment.outcome(of: ids[number], user: "v\(number)", seconds: 60)["status"] as? String
                    == "succeeded")
        }
        #expect(
            try deployment.outcome(of: ids[3], user: "v3", seconds: 60)["status"] as? String
                == "dead_lettered")
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(try deployment.tasklane("dead", "list", "--json").contains(#""reason":"poison""#))
    }

    @Test func `the same request sent three times has one effect`() throws {
        let deployment = try Deployment(workers: 0)
        let task = "00000000-0000-7000-8000-0000000000aa"
        _ = try deployment.accept(
            "POST", "/api/u1/tasks", user: "u1", body: #"{"id":"\#(task)","title":"a"}"#)
        let toggle = try deployment.accept("PATCH", "/api/u1/tasks/\(task)/complete", user: "u1")
        let queue = "tl:{\(try deployment.lane(of: "u1"))}:queue"
        let entry = try deployment.redis.cli("LINDEX", queue, "1")
        try deployment.redis.cli("RPUSH", queue, entry)
        try deployment.startWorker()
        #expect(try deployment.outcome(of: toggle, user: "u1")["status"] as? String == "succeeded")
        try deployment.redis.cli("RPUSH", queue, entry)
        let last = try deployment.accept(
            "PATCH", "/api/u1/tasks/\(task)", user: "u1", body: #"{"title":"b"}"#)
        #expect(try deployment.outcome(of: last, user: "u1")["status"] as? String == "succeeded")
        #expect(
            try deployment.database.sql("SELECT completed, version FROM tasks WHERE id = '\(task)'") == "t|3")
    }

    @Test func `dead letters are redriven while new writes arrive`() throws {
        let deployment = try Deployment()
        try deployment.database.sql(Self.trigger)
        let count = Scale.entries(200, long: 10_000)
        let lines = (0..<count).map { #"{"op":"create","data":{"title":"never \#($0)"}}"# }
        for chunk in stride(from: 0, to: count, by: 500).map({ lines[$0..<min($0 + 500, count)] }) {
            let answer = try HTTPClient(port: deployment.port).send(
                "POST", "/api/u1/tasks/bulk", token: deployment.token("u1"),
                headers: ["Content-Type": "application/x-ndjson"],
                body: chunk.joined(separator: "\n"))
            #expect(answer.status == 202)
        }
        let dead = "SELECT count(*) FROM dead_letters WHERE state = 'dead'"
        #expect(eventually(seconds: 60) { (try? deployment.database.sql(dead)) == "\(count)" })
        try deployment.database.sql("ALTER TABLE tasks DROP CONSTRAINT never")
        let tally = try deployment.underLoad("redrive of \(count) dead letters") {
            try deployment.tasklane("dead", "redrive", "--user", "u1", "--yes", seconds: 120)
            let done = eventually(seconds: 60) {
                (try? deployment.database.sql("SELECT count(*) FROM tasks WHERE user_id = 'u1'"))
                    == "\(count)"
            }
            #expect(done)
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `a hot user holds up nobody in another lane`() throws {
        let deployment = try Deployment(workers: 0)
        let lines = (0..<1000).map { #"{"op":"create","data":{"title":"n\#($0)"}}"# }.joined(separator: "\n")
        for _ in 0..<Scale.entries(5, long: 100) {
            let answer = try HTTPClient(port: deployment.port).send(
                "POST", "/api/hot/tasks/bulk", token: deployment.token("hot"),
                headers: ["Content-Type": "application/x-ndjson"], body: lines)
            #expect(answer.status == 202)
        }
        try deployment.startWorker()
        let id = try deployment.accept("POST", "/api/cool/tasks", user: "cool", body: #"{"title":"x"}"#)
        #expect(try deployment.outcome(of: id, user: "cool", seconds: 15)["status"] as? String == "succeeded")
        #expect(eventually(seconds: 60) { (try? deployment.queued()) == 0 })
        #expect(
            try deployment.database.sql("SELECT count(*) FROM tasks WHERE user_id = 'hot'")
                == "\(Scale.entries(5000, long: 100_000))")
    }
}
