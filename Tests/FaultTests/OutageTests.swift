import Foundation
import Shared
import Support
import Testing

/// What PostgreSQL refuses through no fault of a mutation: it waits, burns no attempt, and is applied in order.
@Suite(.serialized) struct `Outages of PostgreSQL` {
    private static let trigger = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.title LIKE 'state%' THEN
                RAISE EXCEPTION 'refused' USING ERRCODE = substr(NEW.title, 6, 5);
            END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse();
        """

    @Test func `are told from mutations by the SQLSTATE`() throws {
        let deployment = try Deployment(workers: 0)
        let worker = try deployment.startWorker()
        try deployment.database.sql(Self.trigger)
        // A full disk, a conflict, a deadlock, a lock's and a statement's time limit, a missing table, a partition.
        let nobodys = ["53100", "40001", "40P01", "55P03", "57014", "42P01", "25006", "XX000", "23514"]
        let guilty = ["22003", "22P02", "23502", "23505", "23503", "23P01", "44000"]
        for state in guilty {
            let user = "g" + state
            let id = try deployment.accept(
                "POST", "/api/\(user)/tasks", user: user, body: #"{"title":"state\#(state)"}"#)
            #expect(
                try deployment.outcome(of: id, user: user)["status"] as? String == "dead_lettered", "\(state)"
            )
        }
        var waiting: [(user: String, id: String)] = []
        for state in nobodys {
            let user = state + "-nobody"
            waiting.append(
                (
                    user,
                    try deployment.accept(
                        "POST", "/api/\(user)/tasks", user: user, body: #"{"title":"state\#(state)"}"#)
                ))
        }
        // Each is tried: each has a lane of its own, behind nobody.
        let lanes = Set(waiting.compactMap { UserID(Array($0.user.utf8)) }.map { Lane(of: $0, lanes: 256) })
        #expect(lanes.count == nobodys.count)
        for state in nobodys { try worker.waitForOutput("\"\(state) refused", seconds: 30) }
        #expect(try deployment.queued() == nobodys.count)
        try deployment.database.sql("DROP TRIGGER refuse ON tasks")
        for (user, id) in waiting {
            #expect(
                try deployment.outcome(of: id, user: user, seconds: 40)["status"] as? String == "succeeded")
        }
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "\(guilty.count)")
    }

    @Test func `by locks that are held too long pass`() throws {
        let deployment = try Deployment(workers: 0)
        let workers = [try deployment.startWorker(), try deployment.startWorker()]
        func timeOuts() -> Int { workers.reduce(0) { $0 + $1.log.count(of: "55P03") } }
        let tally = try deployment.underLoad("LOCK TABLE") {
            for table in ["tasks", "requests"] {
                let before = timeOuts()
                var options = PostgresOptions(url: deployment.database.url, applicationName: "test")
                options.idleInTransactionTimeout = .seconds(60)
                options.lockTimeout = .seconds(20)
                let lock = try PostgresConnection(options)
                try lock.script("BEGIN; LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE")
                #expect(eventually(seconds: 30) { timeOuts() > before })
                try lock.script("COMMIT")
            }
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }

    @Test func `by a partition that is missing pass`() throws {
        let deployment = try Deployment()
        let parts = try deployment.database.sql(
            "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'requests'::regclass"
        ).split(separator: "\n")
        let tally = try deployment.underLoad("no partition for the inbox") {
            for part in parts { try deployment.database.sql("ALTER TABLE requests DETACH PARTITION \(part)") }
            #expect(eventually(seconds: 30) { (try? deployment.queued()) ?? 0 > 50 })
            try deployment.database.sql("ALTER TABLE requests ATTACH PARTITION requests_default DEFAULT")
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }

    @Test func `of any length are drained in order`() throws {
        let deployment = try Deployment(workers: 0, ownPostgres: true)
        let worker = try deployment.startWorker()
        let tally = try deployment.underLoad("PostgreSQL down") {
            deployment.database.server.crash()
            // In the long form until the pauses between two tries have become as long as they may.
            let tries = Scale.isLong ? 30 : 12
            #expect(eventually(seconds: 180) { worker.log.count(of: "postgresql failed") >= tries })
            try deployment.database.server.start()
        }
        #expect(tally.isClean, "\(tally)")
        #expect(try deployment.database.sql("SELECT count(*) FROM dead_letters") == "0")
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { components(separatedBy: part).count - 1 }
}
