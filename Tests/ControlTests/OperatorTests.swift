import Foundation
import Support
import Testing

/// The built `tasklane` against a whole deployment, as an operator types it.
@Suite(.serialized) struct `The operator's command (EndToEnd)` {
    private static let refusal = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF new.title LIKE 'bad%' THEN RAISE EXCEPTION USING errcode = '22023', message = 'not welcome'; END IF;
            RETURN new;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse()
        """

    private func object(_ line: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    private func objects(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map { try object($0) }
    }

    private func run(_ deployment: Deployment, _ arguments: String...) throws -> (
        status: Int32, output: String
    ) {
        try ChildProcess.run(
            [Deployment.binaries + "/tasklane"] + arguments, environment: deployment.environment)
    }

    private func accept(_ deployment: Deployment, _ user: String, _ title: String) throws -> String {
        let answer = try HTTPClient(port: deployment.port).send(
            "POST", "/api/\(user)/tasks", token: deployment.token(user), body: #"{"title":"\#(title)"}"#)
        return try #require(answer.json["id"] as? String, "\(answer.text)")
    }

    @Test func `explains a paused lane, and lets it go on`() throws {
        let deployment = try Deployment()
        try deployment.tasklane("pause", "--all", "--why", "a test")
        let first = try accept(deployment, "u1", "one")
        let second = try accept(deployment, "u1", "two")

        let status = try object(deployment.tasklane("status", "--json"))
        #expect(status["depth"] as? Int == 2 && status["lanes_paused"] as? Int == 256)
        #expect(status["lag_seconds"] as? Double ?? 0 > 0 && status["workers"] as? Int == 1)
        let why = try object(deployment.tasklane("why", second, "--json"))
        #expect(why["state"] as? String == "queued" && why["position"] as? Int == 2)
        #expect(why["ahead_of_same_user"] as? Int == 1 && why["paused"] as? Bool == true)
        #expect((why["explanation"] as? String)?.contains("a test") == true)
        let queued = try objects(deployment.tasklane("peek", "--user", "u1", "--json"))
        #expect(queued.map { $0["request_id"] as? String } == [first, second])
        let slow = try run(deployment, "drain", "--timeout", "1s")
        #expect(slow.status == 1 && slow.output.contains("2 mutations still wait"))

        try deployment.tasklane("resume", "--all")
        try deployment.tasklane("drain", "--timeout", "20s")
        let done = try object(deployment.tasklane("why", second, "--json"))
        #expect(done["state"] as? String == "succeeded" && done["status"] as? Int == 201)
        let audit = try deployment.database.sql("SELECT action, actor LIKE '%@%' FROM audit ORDER BY at")
        #expect(audit == "pause|t\nresume|t")
    }

    @Test func `lists, redrives and drops dead letters`() throws {
        let deployment = try Deployment()
        try deployment.database.sql(Self.refusal)
        let first = try accept(deployment, "u1", "bad 1")
        let second = try accept(deployment, "u2", "bad 2")
        #expect(
            eventually(seconds: 20) {
                (try? deployment.database.sql("SELECT count(*) FROM dead_letters")) == "2"
            })
        let letters = try objects(deployment.tasklane("dead", "list", "--json"))
        let names: Set = [
            "request_id", "user_id", "lane", "operation", "task_id", "reason", "signature", "attempts",
            "last_error",
            "state", "dead_at",
        ]
        #expect(letters.count == 2 && letters.allSatisfy { Set($0.keys) == names })
        #expect(letters[0]["reason"] as? String == "rejected_by_database")
        let groups = try objects(deployment.tasklane("dead", "groups", "--json"))
        #expect(groups.count == 1 && groups[0]["count"] as? Int == 2 && groups[0]["users"] as? Int == 2)
        let asked = try run(deployment, "dead", "redrive", "--user", "u1")
        #expect(asked.status == 2 && asked.output.contains("--yes"))

        try deployment.database.sql("DROP TRIGGER refuse ON tasks")
        let outcome = try object(deployment.tasklane("dead", "redrive", "--user", "u1", "--yes", "--json"))
        #expect(outcome["redriven"] as? Int == 1)
        #expect(try deployment.tasklane("dead", "redrive", first).contains("redriven already"))
        #expect(try object(deployment.tasklane("dead", "drop", second, "--json"))["dropped"] as? Int == 1)
        #expect(try run(deployment, "dead", "redrive", second).status == 1)
        try deployment.tasklane("drain", "--timeout", "20s")
        #expect(try object(deployment.tasklane("why", first, "--json"))["state"] as? String == "succeeded")
        #expect(try deployment.tasklane("dead", "list", "--json") == "")
        #expect(
            try deployment.database.sql("SELECT DISTINCT action FROM audit ORDER BY 1")
                == "dead.drop\ndead.redrive")
    }

    @Test func `finds and repairs what is odd, and refuses what would be wrong`() throws {
        let deployment = try Deployment()
        try deployment.tasklane("fsck")
        try deployment.redis.cli("HINCRBY", "tl:{003}:count", "accepted", "2")
        try deployment.redis.cli("HSET", "tl:{004}:result:7", "x", "{}")
        let found = try run(deployment, "fsck", "--json")
        #expect(found.status == 1 && found.output.contains("2 accepted mutations"))
        #expect(try object(deployment.tasklane("status", "--json"))["unaccounted"] as? Int == 2)
        try deployment.tasklane("fsck", "--repair")
        try deployment.tasklane("fsck")
        let relane = try run(deployment, "relane", "128")
        #expect(relane.status == 1 && relane.output.contains("workers run"))
        let unknown = try run(deployment, "why", "00000000-0000-4000-8000-000000000000")
        #expect(unknown.status == 1 && unknown.output.contains("nobody knows"))
        #expect(try run(deployment, "lane", "x").status == 2)
        #expect(try run(deployment, "dead", "list", "--reason", "nonsense").status == 2)
    }

    @Test func `sees a Redis that is full`() throws {
        let deployment = try Deployment(workers: 0)
        try deployment.redis.cli("CONFIG", "SET", "maxmemory", "1mb")
        let status = try object(deployment.tasklane("status", "--json"))
        #expect(status["depth"] as? Int == 0)
        try deployment.redis.cli("CONFIG", "SET", "maxmemory", "0")
    }

    @Test func `mints tokens that the daemons take`() throws {
        let deployment = try Deployment(workers: 0)
        let token = try deployment.tasklane("token", "issue", "--user", "u9").dropLast()
        let answer = try HTTPClient(port: deployment.port).send("GET", "/api/u9/tasks", token: String(token))
        #expect(answer.status == 200)
        #expect(
            try object(deployment.tasklane("token", "inspect", String(token), "--json"))["valid"] as? Bool
                == true)
    }
}
