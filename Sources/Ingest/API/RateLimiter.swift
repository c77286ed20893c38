internal import Shared
internal import Synchronization

/// A token bucket for each user, shared by the loops of this process (API.md §9). Off unless configured.
final class RateLimiter: Sendable {
    /// How a user stands after a request.
    struct Standing {
        let isAllowed: Bool
        /// Whole mutations that may be sent at once now.
        let remaining: Int
        /// Seconds until the next one, or until the bucket is full where some are left.
        let resetSeconds: Int
    }

    private struct Bucket {
        var tokens: Double
        var nanoseconds: Int64
    }

    private struct Buckets {
        var byUser: [UserID: Bucket] = [:]
        var sweepAt = 4096
    }

    let rate: UserRate
    private let buckets = Mutex(Buckets())

    init(_ rate: UserRate) { self.rate = rate }

    /// Takes `count` tokens of `user`. A bulk larger than the burst is let through by a full bucket, which then owes.
    /// - Parameter before: tokens that the same request has taken already.
    func take(_ count: Int, after before: Int = 0, of user: UserID, now: LoopInstant) -> Standing {
        buckets.withLock { buckets in
            sweep(&buckets, now)
            var bucket = filled(buckets.byUser[user], now)
            let needed = Double(min(count, rate.burst - before))
            let isAllowed = bucket.tokens >= needed
            if isAllowed { bucket.tokens -= Double(count) }
            buckets.byUser[user] = bucket
            let missing = (isAllowed ? Double(rate.burst) : needed) - bucket.tokens
            return Standing(
                isAllowed: isAllowed, remaining: max(0, Int(bucket.tokens)),
                resetSeconds: max(1, Int((missing / Double(rate.rate)).rounded(.up))))
        }
    }

    private func filled(_ bucket: Bucket?, _ now: LoopInstant) -> Bucket {
        guard var bucket else { return Bucket(tokens: Double(rate.burst), nanoseconds: now.nanoseconds) }
        // Loops read their clocks at the start of a turn, so that one may be a little behind another.
        let passed = Double(max(0, now.nanoseconds - bucket.nanoseconds)) / 1e9
        bucket.tokens = min(Double(rate.burst), bucket.tokens + passed * Double(rate.rate))
        bucket.nanoseconds = max(now.nanoseconds, bucket.nanoseconds)
        return bucket
    }

    /// Forgets full buckets, which are as good as none, whenever there are twice as many as after the last sweep.
    private func sweep(_ buckets: inout Buckets, _ now: LoopInstant) {
        guard buckets.byUser.count >= buckets.sweepAt else { return }
        buckets.byUser = buckets.byUser.filter { filled($0.value, now).tokens < Double(rate.burst) }
        buckets.sweepAt = max(4096, buckets.byUser.count * 2)
    }

    /// The header lines of draft-ietf-httpapi-ratelimit-headers, each ended by CRLF.
    func headers(_ standing: Standing) -> [UInt8] {
        let window = max(1, rate.burst / rate.rate)
        let text =
            "RateLimit-Policy: \"default\";q=\(rate.burst);w=\(window)\r\n"
            + "RateLimit: \"default\";r=\(standing.remaining);t=\(standing.resetSeconds)\r\n"
        return Array(text.utf8)
    }
}
