import Support
import Testing

@Suite(.privateRedis, .privatePostgres) struct `The tests' own servers` {
    @Test func `answer, and find their data again after a restart`() throws {
        let redis = PrivateRedis.current
        try redis.cli("SET", "a", "1")
        redis.kill()
        try redis.start()
        #expect(try redis.cli("GET", "a") == "1")
        #expect(try PrivateDatabase.current.sql("SELECT 6 * 7") == "42")
    }

    @Test func `are ended by their signals`() throws {
        let child = try ChildProcess(["sleep", "100"], logPath: TemporaryDirectory.make("x") + "/log")
        #expect(!child.hasEnded)
        child.stop()
        let status: Int32? = child.exitStatus
        #expect(status == 143)
    }
}
