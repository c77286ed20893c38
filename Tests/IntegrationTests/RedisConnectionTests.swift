import CSystem
import Shared
import Support
import Testing

@Suite(.privateRedis) struct `A Redis connection` {
    private let options = RedisOptions(name: "test")

    private func connect(to server: PrivateRedis = .current, _ options: RedisOptions? = nil) throws
        -> RedisConnection
    {
        let url = try #require(RedisURL(server.url))
        return try RedisConnection(to: url, options: options ?? self.options)
    }

    private func failure(_ body: () throws -> Void) -> RedisError? {
        do {
            try body()
            return nil
        } catch { return error as? RedisError }
    }

    @Test func `says who it is`() throws {
        #expect(try connect().command("CLIENT", "GETNAME").text == "test")
    }

    @Test func `reads each kind of reply`() throws {
        let redis = try connect()
        #expect(try redis.command("SET", "kind:a", "x").kind == .status)
        #expect(try redis.command("GET", "kind:a").bytes == [0x78])
        #expect(try redis.command("GET", "kind:none").isNull)
        #expect(try redis.command("INCR", "kind:n").integer == 1)
        let nested = try redis.command("EVAL", "return {1, {2, {'three', 4}}, 'five'}", 0)
        #expect(nested.count == 3)
        #expect(nested[1][1][0].text == "three")
        #expect(nested[2].text == "five")
        #expect(nested.elements.map(\.count) == [0, 2, 0])
    }

    @Test func `gives the replies of a pipeline in order`() throws {
        let redis = try connect()
        for number in 0..<1000 { redis.append(["ECHO", .number(number)]) }
        try redis.flush()
        for number in 0..<1000 { #expect(try redis.readReply().text == String(number)) }
        #expect(redis.awaited == 0)
    }

    @Test func `does not deadlock on a pipeline larger than every buffer`() throws {
        let redis = try connect()
        let large = [UInt8](repeating: 0x61, count: 4_000_000)
        for _ in 0..<8 { redis.append(["ECHO", .bytes(large)]) }
        try redis.flush()
        for _ in 0..<8 { #expect(try redis.readReply().bytes?.count == 4_000_000) }
    }

    @Test func `reads a whole lane's prefix`() throws {
        let redis = try connect()
        let entry = [UInt8](repeating: 0x62, count: 300)
        redis.append(count: 502) { buffer in
            buffer.add("RPUSH")
            buffer.add("prefix")
            for _ in 0..<500 { buffer.add(entry) }
        }
        try redis.flush()
        #expect(try redis.readReply().integer == 500)
        let prefix = try redis.command("LRANGE", "prefix", 0, 499)
        var total = 0
        prefix.forEach { element in element.withBytes { total += $0.count } }
        #expect(total == 150_000)
        #expect(prefix[499].bytes == entry)
    }

    @Test func `throws an error reply and goes on`() throws {
        let redis = try connect()
        _ = try redis.command("SET", "text", "x")
        guard case .refused(let refusal) = failure({ _ = try redis.command("LPUSH", "text", "y") }) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .wrongType)
        #expect(redis.isOpen)
    }

    @Test func `loads a script that the server has forgotten`() throws {
        let redis = try connect()
        let script = RedisScript(source: Array("return {KEYS[1], ARGV[1]}".utf8))
        #expect(try redis.run(script, keys: ["k"], ["a"]).elements.map(\.text) == ["k", "a"])
        _ = try redis.command("SCRIPT", "FLUSH")
        #expect(try redis.run(script, keys: ["k"], [7])[1].text == "7")
    }

    @Test(arguments: [
        ("OOM", RedisRefusal.Code.outOfMemory), ("READONLY", .readOnly), ("LOADING", .loading),
        ("MASTERDOWN", .masterDown), ("CLUSTERDOWN", .clusterDown), ("HELLO", .other),
    ]) func `tells refusals apart`(word: String, code: RedisRefusal.Code) throws {
        let redis = try connect()
        guard
            case .refused(let refusal) = failure({
                _ = try redis.command(
                    "EVAL", "return redis.error_reply(ARGV[1])", 0, .text("\(word) because"))
            })
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == code)
    }

    @Test func `does not wait for a stopped server for ever`() throws {
        let server = try PrivateRedis()
        defer { server.kill() }
        let redis = try connect(to: server, RedisOptions(name: "test", replyTimeout: .milliseconds(100)))
        server.signal(SIGSTOP)
        #expect(failure { _ = try redis.command("PING") } == .timeout(sent: true))
        #expect(failure { _ = try redis.command("PING") } == .disconnected(sent: false))
        server.signal(SIGCONT)
        #expect(try connect(to: server).command("PING").text == "PONG")
    }

    @Test func `knows that nothing was sent to a server that is gone`() throws {
        let server = try PrivateRedis()
        let redis = try connect(to: server)
        server.kill()
        let first = failure { _ = try redis.command("PING") }
        #expect(first == .disconnected(sent: false) || first == .disconnected(sent: true))
        guard case .unreachable = failure({ _ = try self.connect(to: server) }) else {
            Issue.record("connected to nothing")
            return
        }
        try server.start()
        #expect(try connect(to: server).command("PING").text == "PONG")
        server.kill()
    }

    @Test func `is refused writes by a full server and a replica`() throws {
        let full = try PrivateRedis(["--maxmemory", "100kb"])
        defer { full.kill() }
        guard
            case .refused(let refusal) = failure({ _ = try self.connect(to: full).command("SET", "a", "b") })
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .outOfMemory)
        let replica = try PrivateRedis(["--replicaof", "127.0.0.1 1"])
        defer { replica.kill() }
        guard
            case .refused(let second) = failure({ _ = try self.connect(to: replica).command("SET", "a", "b") }
            )
        else {
            Issue.record("not refused")
            return
        }
        #expect(second.code == .readOnly)
    }

    @Test func `logs in and names no password`() throws {
        let server = try PrivateRedis()
        defer { server.kill() }
        try server.cli("config", "set", "requirepass", "hunter2")
        let url = try #require(RedisURL("unix://:hunter2@\(server.socketPath)?db=3"))
        #expect(try RedisConnection(to: url, options: options).command("PING").text == "PONG")
        #expect(!url.description.contains("hunter2"))
        #expect(failure { _ = try self.connect(to: server) } != nil)
    }

    @Test func `hears what is published on its channels`() throws {
        let listener = try RedisSubscription(
            to: #require(RedisURL(PrivateRedis.current.url)), options: options)
        try listener.subscribe(["bell:1", "bell:2"])
        #expect(try listener.next(within: .seconds(5)) == .subscribed(channel: Array("bell:1".utf8)))
        #expect(try listener.next(within: .seconds(5)) == .subscribed(channel: Array("bell:2".utf8)))
        _ = try connect().command("PUBLISH", "bell:2", "x")
        #expect(
            try listener.next(within: .seconds(5)) == .message(channel: Array("bell:2".utf8), payload: [0x78])
        )
        try listener.ping()
        #expect(try listener.next(within: .milliseconds(50)) == nil)
        try listener.ping()
    }
}
