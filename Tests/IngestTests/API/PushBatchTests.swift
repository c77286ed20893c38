import CSystem
import Shared
import Support
import Synchronization
import Testing

@testable import Ingest

/// Notes what it is told.
private final class Push: PushWaiter {
    var outcomes: [PushFailure?] = []
    func pushed(_ failure: PushFailure?) { outcomes.append(failure) }
}

/// Adds a push when its descriptor becomes readable, in the turn in which the connection to Redis is lost.
private final class Trigger: DescriptorHandler {
    var action: () -> Void = {}
    func ready(_ readiness: Readiness) { action() }
}

@Suite(.privateRedis, .serialized) struct `The pushes of a turn` {
    @Test func `are refused, and forgotten, when the connection is lost before the turn ends`() throws {
        let redis = PrivateRedis.current
        let url = try #require(RedisURL(redis.url))
        let seen = Mutex<[String]>([])
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        try LoopGroup(count: 1, name: "test").run { loop in
            let pipeline = RedisPipeline(loop: loop, url: url, options: RedisOptions(name: "test"))
            let batch = PushBatch(
                pipeline: pipeline, keys: LaneKeys.table(lanes: 4), depths: LaneDepths(lanes: 4, limit: 9),
                on: loop)
            while !pipeline.isConnected { try? await loop.sleep(for: .milliseconds(1)) }
            let (lost, kept, trigger) = (Push(), Push(), Trigger())
            var wasConnected = false
            guard let registration = try? loop.register(reading, .readable, trigger) else { return }
            trigger.action = {
                loop.deregister(registration)
                wasConnected = pipeline.isConnected
                batch.add(Array("lost".utf8).span, to: Lane(2), lost)
            }
            // A look that finds nothing: else the connection, whose last reply came in the look before, stands first in
            // the kernel's list of what is ready.
            try? await loop.sleep(for: .milliseconds(1))
            // Both are ready when the loop looks next: the trigger first.
            _ = unsafe write(writing, "x", 1)
            redis.kill()
            while lost.outcomes.isEmpty { try? await loop.sleep(for: .milliseconds(1)) }
            try? redis.start()
            while !pipeline.isConnected { try? await loop.sleep(for: .milliseconds(1)) }
            batch.add(Array("kept".utf8).span, to: Lane(2), kept)
            while kept.outcomes.isEmpty { try? await loop.sleep(for: .milliseconds(1)) }
            let queued = try? await pipeline.call("LRANGE", "tl:{002}:queue", 0, -1)
            pipeline.stop()
            let queue = queued?.elements.compactMap(\.text).joined(separator: ",") ?? "none"
            seen.withLock { $0 = ["\(wasConnected)", "\(lost.outcomes)", "\(kept.outcomes)", queue] }
        }
        close(reading)
        close(writing)
        #expect(seen.withLock { $0 } == ["true", "\([PushFailure?.some(.refused)])", "[nil]", "kept"])
    }
}
