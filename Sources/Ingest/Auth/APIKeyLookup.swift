internal import Shared

/// Looks API keys up in PostgreSQL, on threads of its own. Shared by all loops.
final class APIKeyLookup: Sendable {
    private let threads: BlockingThreads<LazySession>

    init(_ options: PostgresOptions) throws(SystemError) {
        var options = options
        // A request waits meanwhile.
        options.connectTimeout = .seconds(2)
        options.replyTimeout = .seconds(2)
        let settings = options
        threads = try BlockingThreads(name: "api-keys", count: 2, waitingMax: 1000) { LazySession(settings) }
    }

    /// What the table says now.
    func find(_ digest: Digest) async -> APIKeyCache.Finding {
        let finding = await threads.run { session -> APIKeyCache.Finding in
            do throws(PostgresError) {
                let record = try session.asking { session throws(PostgresError) in
                    try APIKeyStore.find(digest, on: session)
                }
                guard let record, record.revokedAt == nil else { return .none }
                // Without an end of its own: one that no clock comes to.
                let end = record.expiresAt ?? Timestamp(micros: .max)
                return .key(Identity(user: record.user, expiresAt: end, source: .apiKey))
            } catch { return .unavailable }
        }
        return finding ?? .unavailable
    }
}
