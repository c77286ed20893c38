import Foundation
import Support
import Testing

@Suite(.serialized) struct `Faults of the servers` {
    @Test func `Redis killed and restarted loses nothing that was answered`() throws {
        let deployment = try Deployment()
        let tally = try deployment.underLoad("kill -9 and restart of Redis") {
            for _ in 0..<Scale.rounds {
                deployment.redis.kill()
                deployment.awaitRefusal()
                try deployment.redis.start()
                deployment.awaitApplied(100)
                try deployment.redis.restart()
                deployment.awaitApplied(100)
            }
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `PostgreSQL restarted and crashed burns no attempt`() throws {
        let deployment = try Deployment(ownPostgres: true)
        let tally = try deployment.underLoad("restart and crash of PostgreSQL") {
            for _ in 0..<Scale.rounds {
                try deployment.database.server.restart()
                deployment.awaitApplied(50)
                deployment.database.server.crash()
                #expect(eventually(seconds: 30) { (try? deployment.queued()) ?? 0 > 50 })
                try deployment.database.server.start()
            }
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }

    @Test func `a full Redis refuses writes and still drains`() throws {
        let deployment = try Deployment()
        let tally = try deployment.underLoad("Redis out of memory") {
            try deployment.redis.cli("CONFIG", "SET", "maxmemory", "1mb")
            deployment.awaitRefusal()
            let answer = try HTTPClient(port: deployment.port).send(
                "POST", "/api/u1/tasks", token: deployment.token("u1"), body: #"{"title":"x"}"#)
            #expect(answer.status == 503)
            #expect(answer.json["accepted"] as? Bool == false)
            #expect(answer.headers["retry-after"] != nil)
            #expect(eventually(seconds: 10) { (try? deployment.queued()) == 0 })
            try deployment.redis.cli("CONFIG", "SET", "maxmemory", "0")
        }
        #expect(tally.isClean, "\(tally)")
    }

    @Test func `FLUSHALL is reported, and PostgreSQL keeps every result`() throws {
        let deployment = try Deployment(workers: 1)
        let applied = try deployment.accept(
            "POST", "/api/u1/tasks", user: "u1", body: #"{"title":"applied"}"#)
        #expect(try deployment.outcome(of: applied, user: "u1")["status"] as? String == "succeeded")
        try deployment.tasklane("pause", "--all", "--why", "fault test")
        let queued = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"lost"}"#)
        try deployment.redis.cli("FLUSHALL")
        #expect(try deployment.outcome(of: applied, user: "u1")["status"] as? String == "succeeded")
        #expect(
            try deployment.outcome(of: queued, user: "u1", seconds: 15)["status"] as? String == "unaccounted")
        let after = try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"after"}"#)
        #expect(try deployment.outcome(of: after, user: "u1")["status"] as? String == "succeeded")
    }

    @Test func `a push that Redis lost is unaccounted, and its neighbours are applied`() throws {
        let deployment = try Deployment(workers: 0)
        var ids: [String] = []
        for number in 0..<3 {
            ids.append(
                try deployment.accept("POST", "/api/u1/tasks", user: "u1", body: #"{"title":"n\#(number)"}"#))
        }
        let lane = try deployment.lane(of: "u1")
        let middle = try deployment.redis.cli("LINDEX", "tl:{\(lane)}:queue", "1")
        try deployment.redis.cli("LREM", "tl:{\(lane)}:queue", "1", middle)
        try deployment.startWorker()
        #expect(try deployment.outcome(of: ids[0], user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.outcome(of: ids[2], user: "u1")["status"] as? String == "succeeded")
        #expect(try deployment.outcome(of: ids[1], user: "u1")["status"] as? String == "unaccounted")
    }
}

extension Deployment {
    /// Entries on all lanes.
    func queued() throws -> Int {
        let keys = try redis.cli("KEYS", "tl:{*}:queue").split(separator: "\n")
        return try keys.reduce(0) { try $0 + (Int(redis.cli("LLEN", String($1))) ?? 0) }
    }

    /// The name of the one lane that has entries of `user`.
    func lane(of user: String) throws -> String {
        for key in try redis.cli("KEYS", "tl:{*}:queue").split(separator: "\n") {
            if try redis.cli("LRANGE", String(key), "0", "-1").contains("\"user\":\"\(user)\"") {
                return String(key.dropFirst(4).prefix { $0 != "}" })
            }
        }
        throw ChildFailure(description: "no lane holds entries of \(user)")
    }
}
