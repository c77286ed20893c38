internal import Shared
internal import Synchronization

/// Looks at all lanes in Redis when an operator asks: depth, age of the oldest entry, parked users, conservation.
/// Confined to one loop.
final class LaneSurvey {
    struct Figures {
        /// False where Redis did not answer: the other figures are those of before.
        var isKnown = false
        /// Lanes that are not empty.
        var depths: [(lane: Lane, depth: Int)] = []
        var oldestSeconds = 0.0
        var parkedUsers = 0
        var accepted: Int64 = 0
        var settled: Int64 = 0
        /// What the conservation law leaves over (DESIGN.md §8).
        var unaccounted: Int64 = 0
        /// Nil where PostgreSQL did not answer.
        var deadLetters: Int?
    }

    /// The figures of the last look, for whoever writes metrics.
    final class Latest: Sendable {
        private let figures = Mutex(Figures())

        var value: Figures { figures.withLock { $0 } }

        fileprivate func set(_ new: Figures) { figures.withLock { $0 = new } }
    }

    let latest = Latest()
    private let redis: LoopRedis
    private let keys: [LaneKeys]
    private let reads: TaskReads
    private let clock: () -> Timestamp
    private let reader = JSONReader()

    init(redis: LoopRedis, keys: [LaneKeys], reads: TaskReads, clock: @escaping () -> Timestamp) {
        self.redis = redis
        self.keys = keys
        self.reads = reads
        self.clock = clock
    }

    /// Asks both stores anew; Redis in three round trips, whatever the number of lanes.
    func take() async {
        var figures: Figures
        do throws(RedisError) { figures = try await look() } catch {
            figures = latest.value
            figures.isKnown = false
        }
        do throws(ReadFailure) { figures.deadLetters = try await reads.deadLetters() } catch {
            figures.deadLetters = nil
        }
        latest.set(figures)
    }

    private func look() async throws(RedisError) -> Figures {
        var figures = Figures(isKnown: true)
        var commands: [[RedisArgument]] = []
        for lane in keys {
            commands.append(LaneCount.command(lane))
            commands.append(["LLEN", .bytes(lane.queue)])
            commands.append(["ZRANGE", .bytes(lane.due), 0, -1])
        }
        var queued: Int64 = 0
        var total = LaneCount()
        var parked: [(keys: LaneKeys, user: [UInt8])] = []
        for (place, replies) in try await replies(commands).chunks(of: 3).enumerated() {
            total += LaneCount(replies[0])
            let depth = replies[1].integer ?? 0
            queued += depth
            if depth > 0 { figures.depths.append((Lane(place), Int(depth))) }
            replies[2].forEach { user in if let bytes = user.bytes { parked.append((keys[place], bytes)) } }
        }
        figures.parkedUsers = parked.count
        for reply in try await replies(parked.map { ["LLEN", .bytes($0.keys.parkedPrefix + $0.user)] }) {
            queued += reply.integer ?? 0
        }
        figures.accepted = total.accepted
        figures.settled = total.settled
        figures.unaccounted = total.leftOver(queued: queued)
        figures.oldestSeconds = try await oldest(figures.depths.map(\.lane))
        return figures
    }

    private func oldest(_ lanes: [Lane]) async throws(RedisError) -> Double {
        var oldest = clock().micros
        for reply in try await replies(lanes.map { ["LINDEX", .bytes(keys[$0.index].queue), 0] }) {
            if let entry = reply.bytes, let at = acceptedAt(entry) { oldest = min(oldest, at) }
        }
        return Double(max(0, clock().micros - oldest)) / 1e6
    }

    private func acceptedAt(_ entry: [UInt8]) -> Int64? {
        do throws(JSONError) {
            return try reader.read(entry.span) { (document) throws(Never) in
                document.integer("at", of: document.root)
            }.get()
        } catch { return nil }
    }

    private func replies(_ commands: [[RedisArgument]]) async throws(RedisError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        var replies: [RedisReply] = []
        for reply in try await redis.send(commands) { replies.append(try reply.get()) }
        return replies
    }
}

extension LaneSurvey.Latest {
    /// Adds the figures to what `/metrics` shows.
    func register(_ registry: MetricRegistry) {
        let latest = self
        registry.gauge("tasklane_queue_oldest_seconds", "Age of the oldest queued mutation.") {
            latest.value.oldestSeconds
        }
        registry.gauge("tasklane_parked_users", "Users whose mutations wait for a retry.") {
            Double(latest.value.parkedUsers)
        }
        registry.gauge(
            "tasklane_unaccounted",
            "Accepted, but neither settled nor queued: what the conservation law leaves over."
        ) { Double(latest.value.unaccounted) }
        registry.gauge("tasklane_postgres_up", "1 while PostgreSQL answers this daemon.") {
            latest.value.deadLetters == nil ? 0 : 1
        }
        registry.gauge("tasklane_redis_up", "1 while Redis answers this daemon.") {
            latest.value.isKnown ? 1 : 0
        }
        registry.collect { text in
            if let count = latest.value.deadLetters {
                text.family(
                    "tasklane_dead_letters", help: "Dead letters that wait for a decision.", kind: "gauge")
                text.sample("tasklane_dead_letters", Double(count))
            }
            text.family(
                "tasklane_lane_depth", help: "Queued mutations, by lane; empty lanes are left out.",
                kind: "gauge")
            for (lane, depth) in latest.value.depths {
                text.sample(
                    "tasklane_lane_depth", labels: MetricText.labels([("lane", lane.description)]),
                    Double(depth))
            }
        }
    }
}

extension Array {
    /// The elements in groups of `size`.
    fileprivate func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
