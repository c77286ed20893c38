import Shared

/// Parked users: tried again when their time has come, in order, apart from the lanes.
extension Applier {
    /// Retries users who are due. False when nobody was.
    func retryDue() async throws(QueueError) -> Bool {
        let now = clock.now()
        let lanes = leases.keys.filter { lane in
            !paused.contains(lane) && (troubles[lane]?.notBefore).map { $0 <= now } ?? true
        }
        guard !lanes.isEmpty else { return false }
        let due = try await queue.due(lanes.sorted(), at: now, limit: settings.retriesMax)
        guard !due.isEmpty else { return false }
        let isLone = { (user: ParkedUser) in
            self.suspects.contains(user.user) || self.troubles[user.lane]?.isAlone == true
        }
        for user in due where isLone(user) {
            let source = try await parkedSources([user], count: 1).first
            if let source { try await applyAlone(source, []) }
        }
        var rest = due.filter { !isLone($0) }[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(settings.retriesMax))
            rest = rest.dropFirst(some.count)
            let sources = try await parkedSources(some, count: max(1, settings.batch / some.count))
            if !sources.isEmpty { try await apply(sources) }
        }
        return true
    }

    private func parkedSources(_ users: [ParkedUser], count: Int) async throws(QueueError) -> [BatchSource] {
        try await queue.peekParked(users, count: count).compactMap { prefix in
            guard !prefix.entries.isEmpty, let lease = leases[prefix.lane] else { return nil }
            return .parked(prefix, lease, attempts: Attempt.decode(prefix.attempts, reader: reader))
        }
    }

    /// Dead-letters the head of a parked list that is longer than it may be.
    func trim(_ backlog: Backlog, of lane: Lane) async throws(QueueError) {
        let excess = min(backlog.depth - SettleOutcome.parkedMax, settings.batch)
        guard excess > 0 else { return }
        let user = ParkedUser(lane: lane, user: backlog.user, due: clock.now())
        guard let source = try await parkedSources([user], count: excess).first else { return }
        try await setAside(
            source, .backlog, signature: "more than \(SettleOutcome.parkedMax) parked", attempts: [])
    }
}
