internal import Shared

/// Tokens that have been checked, by all of their bytes; confined to one loop. Bounded: a newer token takes the place
/// of one with the same hash, and none is used at or after its `exp`.
struct TokenCache {
    private struct Entry {
        let hash: Int
        let token: [UInt8]
        let identity: Identity
    }

    /// Two places for each hash, so that two users who collide do not drive each other out all the time.
    private var entries: [Entry?]
    private let mask: Int

    /// What is longer is checked each time: it would make the bound on entries no bound on memory.
    private static let tokenBytesMax = 2048

    /// - Parameter capacity: a power of two.
    init(capacity: Int = 8192) {
        precondition(capacity >= 2 && capacity & (capacity - 1) == 0, "the capacity is a power of two")
        entries = Array(repeating: nil, count: capacity)
        mask = capacity - 2
    }

    /// Who sent `token`, if it was checked before and still holds.
    func identity(for token: Span<UInt8>, now: Timestamp) -> Identity? {
        let hash = Self.hash(token)
        guard let entry = match(hash & mask, hash, token) ?? match(hash & mask | 1, hash, token),
            now < entry.identity.expiresAt
        else { return nil }
        return entry.identity
    }

    private func match(_ place: Int, _ hash: Int, _ token: Span<UInt8>) -> Entry? {
        guard let entry = entries[place], entry.hash == hash, entry.token.span.isEqual(to: token) else {
            return nil
        }
        return entry
    }

    /// Keeps a token that was checked.
    mutating func insert(_ identity: Identity, for token: Span<UInt8>) {
        guard token.count <= Self.tokenBytesMax else { return }
        let hash = Self.hash(token)
        let first = hash & mask
        if let older = entries[first], older.hash != hash { entries[first | 1] = older }
        entries[first] = Entry(hash: hash, token: token.array, identity: identity)
    }

    mutating func removeAll() { entries = Array(repeating: nil, count: entries.count) }

    /// The end of a token is its signature, which is as random as any hash: 43 letters are 32 bytes of it. Swift's
    /// hasher is seeded for each process, so nobody can aim at a place.
    private static func hash(_ token: Span<UInt8>) -> Int {
        var hasher = Hasher()
        let end = token.extracting(max(0, token.count - 43)..<token.count)
        unsafe end.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        hasher.combine(token.count)
        return hasher.finalize()
    }
}
