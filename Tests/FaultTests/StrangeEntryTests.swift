import Foundation
import Support
import Testing

/// Entries that no ingest of ours would push, and a Redis that was emptied.
@Suite(.serialized) struct `Strange entries` {
    @Test func `of every shape are set aside, and their neighbours are applied and never called lost`() throws
    {
        let deployment = try Deployment(workers: 0, settings: ["TASKLANE_LANES": "1"])
        let first = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"a"}"#)
        let queue = "tl:{000}:queue"
        let good = try deployment.redis.cli("LINDEX", queue, "0")
        let shapes = [
            "[]", "null", "123", #""x""#, "{}", #"{"id":1}"#, String(good.dropLast(20)), good + "x",
            good.replacingOccurrences(of: #""op":"create""#, with: #""op":"explode""#),
            good.replacingOccurrences(of: #""user":"u1""#, with: #""user":5"#),
            good.replacingOccurrences(of: #""data":{"title":"a"}"#, with: #""data":[]"#),
            String(repeating: "{", count: 50_000),
        ]
        for shape in shapes { try deployment.redis.cli("LPUSH", queue, shape) }
        let middle = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"b"}"#)
        for shape in shapes { try deployment.redis.cli("RPUSH", queue, shape + " ") }
        let last = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"c"}"#)
        let state = try deployment.outcome(of: last, user: "u1", seconds: 0)["status"] as? String
        #expect(state == "queued", "behind an entry that nobody can read")
        try deployment.startWorker()
        for id in [first, middle, last] {
            #expect(try deployment.outcome(of: id, user: "u1")["status"] as? String == "succeeded")
        }
        #expect(eventually { (try? deployment.queued()) == 0 })
        #expect(
            try deployment.database.sql("SELECT count(*) FROM dead_letters WHERE reason = 'undecodable'")
                == "\(2 * shapes.count)")
    }

    @Test func `older than the inbox are expired, and one from a clock ahead hides nobody`() throws {
        let deployment = try Deployment(workers: 0, settings: ["TASKLANE_LANES": "1"])
        let queue = "tl:{000}:queue"
        let worker = try deployment.startWorker()
        #expect(
            eventually {
                (try? deployment.database.sql("SELECT value FROM settings WHERE name = 'inbox_since'"))?
                    .isEmpty
                    == false
            })
        worker.signal(SIGSTOP)
        let id = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"a"}"#)
        let entry = try deployment.redis.cli("LINDEX", queue, "0")
        func at(days: Double) -> String {
            let milliseconds = UInt64((Date().timeIntervalSince1970 + days * 86400) * 1000)
            let digits = String(milliseconds, radix: 16)
            let time = String(repeating: "0", count: 12 - digits.count) + digits
            return "\(time.prefix(8))-\(time.suffix(4))-7000-8000-000000000001"
        }
        try deployment.redis.cli(
            "LPUSH", queue, entry.replacingOccurrences(of: id, with: at(days: -30)),
            entry.replacingOccurrences(of: id, with: at(days: 1)))
        #expect(try deployment.outcome(of: id, user: "u1", seconds: 0)["status"] as? String == "queued")
        worker.signal(SIGCONT)
        // The entry from the future made the task first.
        #expect(try deployment.outcome(of: id, user: "u1")["done"] as? Bool == true)
        #expect(
            try deployment.database.sql("SELECT reason, request_id FROM dead_letters")
                .hasPrefix("expired|"))
        #expect(try deployment.database.sql("SELECT count(*) FROM tasks") == "1")
    }

    @Test(arguments: [[0], [150], [299], [0, 120, 299]])
    func `that kill their session are found among 300 others`(places: [Int]) throws {
        let deployment = try Deployment(workers: 0, settings: ["TASKLANE_LANES": "1"])
        try deployment.database.sql(
            """
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.title = 'killer' THEN
                    PERFORM pg_terminate_backend(pg_backend_pid());
                END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER die BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION die();
            """)
        for number in 0..<300 {
            let title = places.contains(number) ? "killer" : "n\(number)"
            _ = try deployment.accept(
                "POST", "/api/v\(number)/tasks", user: "v\(number)", body: #"{"title":"\#(title)"}"#)
        }
        try deployment.startWorker()
        try deployment.startWorker()
        #expect(eventually(seconds: 60) { (try? deployment.queued()) == 0 })
        #expect(try deployment.database.sql("SELECT count(*) FROM tasks") == "\(300 - places.count)")
        #expect(
            try deployment.database.sql("SELECT count(*) FROM dead_letters WHERE reason = 'poison'")
                == "\(places.count)")
    }

    @Test func `are none after FLUSHALL, and the settings come back`() throws {
        let deployment = try Deployment()
        let before = try deployment.redis.cli("HGET", "tl:meta", "id_key")
        try deployment.redis.cli("FLUSHALL")
        #expect(
            eventually(seconds: 10) { (try? deployment.redis.cli("HGET", "tl:meta", "id_key")) == before })
        let id = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"after"}"#)
        #expect(try deployment.outcome(of: id, user: "u1")["status"] as? String == "succeeded")
    }
}
