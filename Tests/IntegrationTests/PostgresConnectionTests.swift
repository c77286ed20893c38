import CSystem
import Shared
import Support
import Testing

@Suite(.privatePostgres) struct `A PostgreSQL session` {
    private func options(_ change: (inout PostgresOptions) -> Void = { _ in }) -> PostgresOptions {
        var options = PostgresOptions(url: PrivateDatabase.current.url, applicationName: "test")
        change(&options)
        return options
    }

    private func session(_ change: (inout PostgresOptions) -> Void = { _ in }) throws -> PostgresConnection {
        try PostgresConnection(options(change))
    }

    private func failure(_ body: () throws -> Void) -> PostgresError? {
        do {
            try body()
            return nil
        } catch { return error as? PostgresError }
    }

    @Test func `brings every type there and back`() throws {
        let id = UUID(high: 0x0198_F3C2_0000_7000, low: 0x8000_0000_0000_0001)
        let time = Timestamp(micros: 1_700_000_000_123_456)
        let rows = try session().query(
            PostgresStatement("SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10"),
            [
                .bool(true), .int2(-2), .int4(-4), .int8(.min), .text("é"), .bytea([0, 255]),
                .jsonb(Array(#"{"a": 1}"#.utf8)), .uuid(id), .timestamp(time), .text(nil),
            ])
        let row = try #require(rows.first)
        #expect(row.bool(0))
        #expect([row.int(1), row.int(2), row.int(3)] == [-2, -4, .min])
        #expect(row.text(4) == "é")
        #expect(row.bytes(5) == [0, 255])
        #expect(row.text(6) == #"{"a": 1}"#)
        #expect(row.uuid(7) == id)
        #expect(row.timestamp(8) == time)
        #expect(row.optionalText(9) == nil)
    }

    @Test func `brings arrays there with nulls and empty ones`() throws {
        var texts = PostgresArray(of: .text)
        texts.append("a")
        texts.appendNull()
        texts.append("")
        var numbers = PostgresArray(of: .int4)
        for number in [1, -1, 7] { numbers.append(number) }
        var documents = PostgresArray(of: .jsonb)
        documents.append(Array("[1]".utf8))
        documents.append(orNull: [UInt8]?.none)
        documents.append(Array("null".utf8))
        let rows = try session().query(
            PostgresStatement("SELECT * FROM unnest($1, $2, $3)"),
            [.array(texts), .array(numbers), .array(documents)])
        #expect(rows.map { $0.optionalText(0) } == ["a", nil, ""])
        #expect(rows.map { $0.int(1) } == [1, -1, 7])
        #expect(rows.map { $0.optionalText(2) } == ["[1]", nil, "null"])
        let none = try session().query(PostgresStatement("SELECT cardinality($1)"), [.array(.uuids([]))])
        #expect(none.first?.int(0) == 0)
    }

    @Test func `answers a trip in order`() throws {
        let session = try session()
        try session.begin()
        try session.send(PostgresStatement("CREATE TEMP TABLE t (n int)"))
        try session.send(
            PostgresStatement(name: "insert", "INSERT INTO t SELECT * FROM unnest($1)"),
            [.array(.int8s([1, 2, 3]))])
        try session.send(PostgresStatement("SELECT n FROM t ORDER BY n"))
        try session.commit()
        let answers = try session.sync()
        #expect(answers.count == 5)
        #expect(answers[2].affected == 3)
        #expect(answers[3].map { $0.int(0) } == [1, 2, 3])
    }

    @Test func `prepares a statement once and outlives a failed preparation`() throws {
        let session = try session()
        let wrong = PostgresStatement(name: "later", "SELECT n FROM later")
        #expect(failure { try session.query(wrong) }?.state == "42P01")
        try session.query(PostgresStatement("CREATE TEMP TABLE later (n int)"))
        try session.query(wrong)
        try session.query(wrong)
        let known = try session.query(PostgresStatement("SELECT count(*) FROM pg_prepared_statements"))
        #expect(known.first?.int(0) == 1)
    }

    @Test func `prepares nothing when told so and limits each transaction`() throws {
        let session = try session {
            $0.preparedStatements = false
            $0.lockTimeout = .milliseconds(1234)
        }
        try session.begin()
        try session.send(PostgresStatement(name: "named", "SELECT current_setting('lock_timeout')"))
        try session.send(PostgresStatement("SELECT count(*) FROM pg_prepared_statements"))
        try session.commit()
        let answers = try session.sync()
        #expect(answers.count == 4)
        #expect(answers[1].first?.text(0) == "1234ms")
        #expect(answers[2].first?.int(0) == 0)
    }

    @Test func `throws what the server says and goes on`() throws {
        let session = try session()
        try session.query(PostgresStatement("CREATE TEMP TABLE u (n int CONSTRAINT positive CHECK (n > 0))"))
        try session.begin()
        try session.send(PostgresStatement("INSERT INTO u VALUES (-1)"))
        try session.send(PostgresStatement("SELECT 1"))
        let refused = failure { try session.sync() }
        guard case .server(let error) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(error.state == "23514")
        #expect(error.state.isClass("23"))
        #expect(error.constraint == "positive")
        #expect(error.table == "u")
        try session.rollback()
        #expect(try session.query(PostgresStatement("SELECT 1")).first?.int(0) == 1)
    }

    @Test func `gives each marked trip its own error`() throws {
        let session = try session()
        for text in ["SELECT 1", "SELECT 1/0", "SELECT 3"] {
            try session.send(PostgresStatement(text))
            try session.mark()
        }
        #expect(try session.receive().first?.first?.int(0) == 1)
        #expect(failure { _ = try session.receive() }?.state == "22012")
        #expect(try session.receive().first?.first?.int(0) == 3)
    }

    @Test func `sends and reads megabytes at once`() throws {
        let session = try session()
        let large = String(repeating: "x", count: 5_000_000)
        for _ in 0..<4 { try session.send(PostgresStatement("SELECT $1"), [.text(large)]) }
        let answers = try session.sync()
        #expect(answers.allSatisfy { $0.first?.text(0).utf8.count == 5_000_000 })
    }

    @Test func `tells that the server ended it`() throws {
        let session = try session()
        let refused = failure {
            try session.query(PostgresStatement("SELECT pg_terminate_backend(pg_backend_pid())"))
        }
        #expect(refused?.state == "57P01")
        #expect(!session.isOpen)
        #expect(
            failure { try session.query(PostgresStatement("SELECT 1")) }
                == .disconnected("it was closed before"))
    }

    @Test func `does not wait for a slow answer for ever`() throws {
        let session = try session { $0.replyTimeout = .milliseconds(200) }
        #expect(failure { try session.query(PostgresStatement("SELECT pg_sleep(60)")) } == .timeout)
        #expect(!session.isOpen)
    }

    @Test func `is limited by the server too`() throws {
        let session = try session { $0.statementTimeout = .milliseconds(100) }
        #expect(failure { try session.query(PostgresStatement("SELECT pg_sleep(60)")) }?.state == "57014")
        #expect(session.isOpen)
    }

    @Test func `names no password when it cannot connect`() {
        let url = "postgresql://someone:hunter2@127.0.0.1:1/none"
        let refused = failure {
            _ = try PostgresConnection(PostgresOptions(url: url, applicationName: "test"))
        }
        guard case .unreachable(let why) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(!why.contains("hunter2"))
    }

    @Test func `runs scripts of many statements, whole or not at all`() throws {
        let session = try session()
        try session.script("CREATE TABLE s (n int); INSERT INTO s VALUES (1); INSERT INTO s VALUES (2)")
        #expect(failure { try session.script("INSERT INTO s VALUES (3); SELECT 1/0") }?.state == "22012")
        #expect(try session.query(PostgresStatement("SELECT count(*) FROM s")).first?.int(0) == 2)
    }

    @Test func `is over when the server crashes, and a new one can be had`() throws {
        let server = try PrivatePostgres()
        let database = try PrivateDatabase(on: server)
        let options = PostgresOptions(url: database.url, applicationName: "test")
        let session = try PostgresConnection(options)
        server.crash()
        #expect(failure { try session.query(PostgresStatement("SELECT 1")) } != nil)
        #expect(!session.isOpen)
        guard case .unreachable = failure({ _ = try PostgresConnection(options) }) else {
            Issue.record("connected to nothing")
            return
        }
        try server.start()
        #expect(try PostgresConnection(options).query(PostgresStatement("SELECT 1")).first?.int(0) == 1)
    }
}
