internal import Shared

/// What the table says of API keys, remembered for a few seconds; confined to one loop.
///
/// An entry is good for five seconds, which is how long a revocation may take. In the second half of them it is
/// looked up again beside the request, so that a busy key never waits. While the table cannot be asked, keys that
/// were good go on being good for an hour: writes are accepted through an outage of PostgreSQL.
final class APIKeyCache {
    /// What a look-up gives; the table may be out of reach.
    enum Finding: Sendable {
        case key(Identity)
        /// No such key, or revoked, or past its end.
        case none
        case unavailable
    }

    static let maxAge: Duration = .seconds(5)
    static let refreshAge: Duration = .milliseconds(2500)
    static let outageMax: Duration = .seconds(3600)
    /// How long one failed look-up stands for those that would fail next.
    static let retryInterval: Duration = .seconds(1)
    private static let entriesMax = 10_000

    private struct Entry {
        let identity: Identity
        /// When PostgreSQL said so.
        let at: Timestamp
        /// During an outage: until when to go on without asking.
        var graceEnd: Timestamp
    }

    private var good: [Digest: Entry] = [:]
    /// Keys that are none, apart from the good ones: somebody who guesses keys must not drive those out.
    private var bad: [Digest: Timestamp] = [:]
    private var waiting: [Digest: [CheckedContinuation<Finding, Never>]] = [:]
    private let ask: (Digest) async -> Finding
    private let spawn: (@escaping () async -> Void) -> Void

    /// - Parameters:
    ///   - ask: looks a key up, off the loop.
    ///   - spawn: starts a task on the loop.
    init(ask: @escaping (Digest) async -> Finding, spawn: @escaping (@escaping () async -> Void) -> Void) {
        self.ask = ask
        self.spawn = spawn
    }

    /// What is known of `key` without asking, or nil.
    func known(_ key: APIKey, now: Timestamp) -> Swift.Result<Identity, TokenFault>? {
        if let at = bad[key.digest], Self.isFresh(at, now) { return .failure(.apiKey) }
        guard let entry = good[key.digest], Self.isFresh(entry.at, now) || now < entry.graceEnd else {
            return nil
        }
        if now - entry.at >= Self.refreshAge, now >= entry.graceEnd, waiting[key.digest] == nil {
            spawn { [self] in _ = await find(key.digest, now: now) }
        }
        return Self.decide(.key(entry.identity), now: now)
    }

    /// Asks the table; those who ask for the same key at the same time get one answer.
    func lookUp(_ key: APIKey, clock: () -> Timestamp) async throws(TokenFault) -> Identity {
        let finding = await find(key.digest, now: clock())
        return try Self.decide(finding, now: clock()).get()
    }

    private func find(_ digest: Digest, now: Timestamp) async -> Finding {
        if waiting[digest] != nil {
            return await withCheckedContinuation { waiting[digest]?.append($0) }
        }
        waiting[digest] = []
        let finding = keep(await ask(digest), for: digest, asked: now)
        for continuation in waiting.removeValue(forKey: digest) ?? [] {
            continuation.resume(returning: finding)
        }
        return finding
    }

    /// - Parameter asked: when the question was put: the answer may be as old as that.
    private func keep(_ finding: Finding, for digest: Digest, asked: Timestamp) -> Finding {
        switch finding {
        case .key(let identity):
            if good.count >= Self.entriesMax { good.removeAll() }
            good[digest] = Entry(identity: identity, at: asked, graceEnd: asked)
            bad[digest] = nil
        case .none:
            if bad.count >= Self.entriesMax { bad.removeAll() }
            bad[digest] = asked
            good[digest] = nil
        case .unavailable:
            guard let entry = good[digest], asked - entry.at < Self.outageMax else { return .unavailable }
            good[digest]?.graceEnd = asked + Self.retryInterval
            return .key(entry.identity)
        }
        return finding
    }

    private static func isFresh(_ at: Timestamp, _ now: Timestamp) -> Bool { now >= at && now - at < maxAge }

    private static func decide(_ finding: Finding, now: Timestamp) -> Swift.Result<Identity, TokenFault> {
        switch finding {
        case .key(let identity): now < identity.expiresAt ? .success(identity) : .failure(.apiKey)
        case .none: .failure(.apiKey)
        case .unavailable: .failure(.unavailable)
        }
    }
}
