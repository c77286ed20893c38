internal import CSystem
internal import Synchronization

/// The lanes as metrics: read from Redis when somebody asks for them, at most once a second.
///
/// Every process that registers it tells the same numbers, those of the whole deployment. Any thread.
package final class LaneMetrics: Sendable {
    private struct State {
        var redis: RedisConnection?
        var text: [LaneSurvey.Standing]?
        var readAt: ContinuousClock.Instant?
    }

    private let url: RedisURL
    private let keys: [LaneKeys]
    private let state = Mutex(State())

    private static let lifetime: Duration = .seconds(1)

    package init(url: RedisURL, lanes: Int) {
        self.url = url
        keys = LaneKeys.table(lanes: lanes)
    }

    /// Has `registry` tell of the lanes. While Redis is away it tells nothing of them.
    package func register(with registry: MetricRegistry) {
        registry.collect { text in
            guard let standings = self.standings() else { return }
            LaneMetrics.write(standings, now: Timestamp(micros: tl_now_micros()), to: &text)
        }
    }

    /// One line: the lag and depth of the whole deployment; nil while Redis is away. Blocks for a few seconds at most.
    package func summary() -> String? {
        guard let standings = standings() else { return nil }
        let tenths = Int64(
            LaneMetrics.oldestSeconds(standings, now: Timestamp(micros: tl_now_micros())) * 10)
        let depth = standings.reduce(0) { $0 + $1.depth }
        return "lag \(tenths / 10).\(tenths % 10)s, depth \(depth)"
    }

    private func standings() -> [LaneSurvey.Standing]? {
        state.withLock { state in
            if let text = state.text, let at = state.readAt, ContinuousClock.now - at < LaneMetrics.lifetime {
                return text
            }
            // A connection that was idle while the server was restarted looks open: a new one tells.
            let wasOpen = state.redis?.isOpen == true
            if !read(into: &state), wasOpen { _ = read(into: &state) }
            return state.text
        }
    }

    /// False where Redis did not answer; then nothing is known.
    private func read(into state: inout State) -> Bool {
        do throws(RedisError) {
            let redis: RedisConnection
            if let open = state.redis, open.isOpen {
                redis = open
            } else {
                let options = RedisOptions(
                    name: "metrics", connectTimeout: .milliseconds(500), replyTimeout: .seconds(2))
                redis = try RedisConnection(to: url, options: options)
                state.redis = redis
            }
            state.text = try LaneSurvey.read(redis, keys: keys)
            state.readAt = .now
            return true
        } catch {
            // A scrape is no place to wait for Redis; the daemon's own calls log why it is away.
            state.redis = nil
            state.text = nil
            return false
        }
    }

    static func write(_ standings: [LaneSurvey.Standing], now: Timestamp, to text: inout MetricText) {
        text.family("tasklane_lane_depth", help: "Queued mutations of lanes that have any.", kind: "gauge")
        for standing in standings where standing.depth > 0 {
            text.sample(
                "tasklane_lane_depth", labels: MetricText.labels([("lane", "\(standing.lane)")]),
                Double(standing.depth))
        }
        text.family(
            "tasklane_queue_oldest_seconds", help: "Age of the oldest queued mutation.", kind: "gauge")
        text.sample("tasklane_queue_oldest_seconds", oldestSeconds(standings, now: now))
        var count = LaneCount()
        var (depth, users, parked, lost) = (0, 0, 0, Int64(0))
        for standing in standings {
            count += standing.count
            depth += standing.depth
            users += standing.parkedUsers
            parked += standing.parkedDepth
            lost += max(0, standing.leftOver)
        }
        text.family("tasklane_parked_users", help: "Users whose mutations wait for a retry.", kind: "gauge")
        text.sample("tasklane_parked_users", Double(users))
        text.family(
            "tasklane_mutations", help: "Mutations since Redis was empty: accepted is the sum of the others.",
            kind: "gauge")
        let states: [(String, Int64)] = [
            ("accepted", count.accepted), ("succeeded", count.succeeded), ("failed", count.failed),
            ("dead", count.dead), ("queued", Int64(depth)), ("parked", Int64(parked)),
        ]
        for (name, value) in states {
            text.sample("tasklane_mutations", labels: MetricText.labels([("state", name)]), Double(value))
        }
        text.family(
            "tasklane_unaccounted", help: "Accepted mutations that are neither settled nor queued.",
            kind: "gauge")
        text.sample("tasklane_unaccounted", Double(lost))
    }

    private static func oldestSeconds(_ standings: [LaneSurvey.Standing], now: Timestamp) -> Double {
        let reader = JSONReader()
        var oldest = now
        for standing in standings {
            guard let entry = standing.oldest else { continue }
            do throws(UndecodableEntry) {
                oldest = min(oldest, try Mutation(entry: entry.span, reader: reader).acceptedAt)
            } catch { continue }
        }
        return Double((now - oldest).microseconds) / 1e6
    }
}
