/// The subscription behind `RedisQueue.awaitBell`: follows the lanes that are asked for, comes back after a loss.
final class RedisBells {
    private let url: RedisURL
    private let options: RedisOptions
    private var open: RedisSubscription?
    /// Lanes subscribed to, by channel.
    private var subscribed: [[UInt8]: Lane] = [:]
    private var lastPing = ContinuousClock.now

    /// How often a silent connection is asked for a sign of life.
    private static let pingInterval: Duration = .seconds(5)

    init(url: RedisURL, name: String) {
        self.url = url
        options = RedisOptions(name: name)
    }

    /// Subscribes to `lanes` and to nothing else.
    func follow(_ lanes: [Lane]) throws(RedisError) {
        let subscription = try subscription()
        do throws(RedisError) {
            let wanted = Set(lanes)
            let gone = subscribed.filter { !wanted.contains($0.value) }.map { $0.key }
            let held = Set(subscribed.values)
            let fresh = lanes.filter { !held.contains($0) }
            if !gone.isEmpty { try subscription.unsubscribe(gone.map { .bytes($0) }) }
            for channel in gone { subscribed[channel] = nil }
            if !fresh.isEmpty {
                try subscription.subscribe(fresh.map { .bytes(LaneKeys($0).bell) })
                for lane in fresh { subscribed[LaneKeys(lane).bell] = lane }
            }
            if ContinuousClock.now - lastPing > RedisBells.pingInterval {
                lastPing = .now
                try subscription.ping()
            }
        } catch { throw drop(error) }
    }

    /// The lane of the next message, a confirmed subscription counting as one; nil after `time` or when woken.
    func next(within time: Duration, waker: Waker) throws(RedisError) -> Lane? {
        guard let open else { throw .disconnected(sent: false) }
        do throws(RedisError) {
            switch try open.next(within: time, interruptedBy: waker.alarm) {
            case .message(let channel, _), .subscribed(let channel): return subscribed[channel]
            case nil: return nil
            }
        } catch { throw drop(error) }
    }

    private func subscription() throws(RedisError) -> RedisSubscription {
        if let open { return open }
        let fresh = try RedisSubscription(to: url, options: options)
        open = fresh
        lastPing = .now
        return fresh
    }

    private func drop(_ error: RedisError) -> RedisError {
        open = nil
        subscribed = [:]
        return error
    }
}

extension RedisQueue {
    package func awaitBell(_ lanes: [Lane], limit: Duration) async throws(QueueError) -> Set<Lane> {
        do throws(RedisError) {
            try bells.follow(lanes)
            let deadline = ContinuousClock.now + limit
            var rung: Set<Lane> = []
            while true {
                let left = deadline - ContinuousClock.now
                if left <= .zero || waker.take() { return rung }
                // After the first bell, take what has come already and go.
                if let lane = try bells.next(within: rung.isEmpty ? left : .zero, waker: waker) {
                    rung.insert(lane)
                } else if !rung.isEmpty {
                    return rung
                }
            }
        } catch { throw QueueError(error) }
    }
}
