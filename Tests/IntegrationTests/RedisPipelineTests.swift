import CSystem
import Shared
import Support
import Testing

/// Runs `body` on a loop of its own and gives what it returns.
func onLoop<Value: Sendable>(_ body: @escaping @Sendable (EventLoop) async -> Value) throws -> Value? {
    let group = try LoopGroup(count: 1, name: "test")
    let box = Box<Value>()
    try group.run { loop in box.put(await body(loop)) }
    return box.take()
}

@Suite(.privateRedis, .serialized) struct `The Redis pipeline of a loop` {
    private static func pipeline(_ loop: EventLoop, url: String) async -> RedisPipeline {
        guard let url = RedisURL(url) else { preconditionFailure("the test's URL is malformed") }
        let pipeline = RedisPipeline(
            loop: loop, url: url, options: RedisOptions(name: "test", replyTimeout: .milliseconds(500)))
        while !pipeline.isConnected { try? await loop.sleep(for: .milliseconds(1)) }
        return pipeline
    }

    @Test func `answers each command in order`() throws {
        let url = PrivateRedis.current.url
        let lengths = try onLoop { loop in
            let pipeline = await Self.pipeline(loop, url: url)
            var lengths: [Int64] = []
            for number in 0..<100 {
                let reply = try? await pipeline.call("RPUSH", "l", .number(number))
                lengths.append(reply?.integer ?? -1)
            }
            pipeline.stop()
            return lengths
        }
        #expect(lengths == Array(1...100))
    }

    @Test func `throws what the server refuses and goes on`() throws {
        let url = PrivateRedis.current.url
        let refused = try onLoop { loop in
            let pipeline = await Self.pipeline(loop, url: url)
            _ = try? await pipeline.call("SET", "s", "x")
            var code: RedisRefusal.Code?
            do throws(RedisError) { _ = try await pipeline.call("RPUSH", "s", "y") } catch {
                if case .refused(let refusal) = error { code = refusal.code }
            }
            let still = try? await pipeline.call("GET", "s")
            pipeline.stop()
            return code == .wrongType && still?.text == "x"
        }
        #expect(refused == true)
    }

    @Test func `tells a stopped server from one that is gone, and comes back`() throws {
        let redis = PrivateRedis.current
        let seen = try onLoop { loop in
            let pipeline = await Self.pipeline(loop, url: redis.url)
            redis.signal(SIGSTOP)
            var errors: [RedisError] = []
            do throws(RedisError) { _ = try await pipeline.call("PING") } catch { errors.append(error) }
            redis.signal(SIGCONT)
            redis.kill()
            do throws(RedisError) { _ = try await pipeline.call("PING") } catch { errors.append(error) }
            try? redis.start()
            var isBack = false
            for _ in 0..<2000 where !isBack {
                isBack = (try? await pipeline.call("PING")) != nil
                try? await loop.sleep(for: .milliseconds(2))
            }
            pipeline.stop()
            return (errors, isBack)
        }
        #expect(seen?.0.first == .timeout(sent: true))
        #expect(seen?.0.last?.mayHaveRun == false)
        #expect(seen?.1 == true)
    }

    @Test func `hears its channel, and says so when it may have missed something`() throws {
        let redis = PrivateRedis.current
        let heard = try onLoop { loop in
            guard let url = RedisURL(redis.url) else { return [0] }
            var (messages, subscriptions, losses) = (0, 0, 0)
            let subscriber = RedisSubscriber(
                loop: loop, url: url, options: RedisOptions(name: "sub"),
                channel: Array("a".utf8), received: { _ in messages += 1 },
                subscribed: { subscriptions += 1 }, lost: { losses += 1 })
            while !subscriber.isSubscribed { try? await loop.sleep(for: .milliseconds(1)) }
            _ = try? redis.cli("PUBLISH", "a", "1")
            _ = try? redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            while subscriptions < 2 || messages < 1 { try? await loop.sleep(for: .milliseconds(1)) }
            _ = try? redis.cli("PUBLISH", "a", "2")
            while messages < 2 { try? await loop.sleep(for: .milliseconds(1)) }
            subscriber.stop()
            return [messages, subscriptions, losses]
        }
        #expect(heard == [2, 2, 2])
    }
}
