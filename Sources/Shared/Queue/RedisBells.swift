/// The subscription behind `RedisQueue.awaitBell`: picks the lanes that are asked for, comes back after a loss.
final class RedisBells {
    private let url: RedisURL
    private let options: RedisOptions
    private let keys: [LaneKeys]
    private var open: RedisSubscription?
    /// Lanes that are followed, in the order in which they were asked for.
    private var lanes: [Lane] = []
    private var followed: Set<Lane> = []
    private var lastPing = ContinuousClock.now

    /// How often a silent connection is asked for a sign of life.
    private static let pingInterval: Duration = .seconds(5)

    /// - Parameter keys: of every lane there is.
    init(url: RedisURL, name: String, keys: [LaneKeys]) {
        self.url = url
        self.keys = keys
        options = RedisOptions(name: name)
    }

    /// Follows `lanes` and nothing else; those that were not followed before ring when their channels are open.
    func follow(_ lanes: [Lane]) throws(RedisError) {
        let subscription = try subscription()
        do throws(RedisError) {
            if lanes != self.lanes { try change(to: lanes, subscription) }
            if ContinuousClock.now - lastPing > RedisBells.pingInterval {
                lastPing = .now
                try subscription.ping()
            }
        } catch { throw drop(error) }
    }

    private func change(to lanes: [Lane], _ subscription: RedisSubscription) throws(RedisError) {
        let wanted = Set(lanes)
        let (added, removed) = (wanted.subtracting(followed), followed.subtracting(wanted))
        if !removed.isEmpty { try subscription.unsubscribe(removed.map { .bytes(keys[$0.index].bell) }) }
        if !added.isEmpty { try subscription.subscribe(added.map { .bytes(keys[$0.index].bell) }) }
        self.lanes = lanes
        followed = wanted
    }

    /// The lanes of the next message, a confirmed subscription of a lane counting as one; nil after `time` or when woken.
    func next(within time: Duration, waker: Waker) throws(RedisError) -> Set<Lane>? {
        guard let open else { throw .disconnected(sent: false) }
        do throws(RedisError) {
            switch try open.next(within: time, interruptedBy: waker.alarm) {
            case .message(_, let payload):
                var rung: Set<Lane> = []
                Bell.read(payload.span) { if followed.contains($0) { rung.insert($0) } }
                return rung
            case .subscribed(let channel): return Set(lanes.filter { keys[$0.index].bell == channel })
            case nil: return nil
            }
        } catch { throw drop(error) }
    }

    private func subscription() throws(RedisError) -> RedisSubscription {
        if let open { return open }
        let made = try RedisSubscription(to: url, options: options)
        try made.subscribe([.bytes(Bell.channel)])
        open = made
        lastPing = .now
        return made
    }

    private func drop(_ error: RedisError) -> RedisError {
        open = nil
        lanes = []
        followed = []
        return error
    }
}

extension RedisQueue {
    package func awaitBell(_ lanes: [Lane], limit: Duration) async throws(QueueError) -> Set<Lane> {
        do throws(RedisError) {
            try bells.follow(lanes)
            let deadline = ContinuousClock.now + limit
            var rung: Set<Lane> = []
            while !waker.take() {
                let left = max(.zero, deadline - ContinuousClock.now)
                var next = try bells.next(within: left, waker: waker)
                // After the first bell, take what has come already and go.
                while let lanes = next {
                    rung.formUnion(lanes)
                    next = try bells.next(within: .zero, waker: waker)
                }
                if !rung.isEmpty || left == .zero { return rung }
            }
            return rung
        } catch { throw QueueError(error) }
    }
}
