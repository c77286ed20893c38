internal import Shared

/// Tokens that have been checked, by all of their bytes; confined to one loop. Bounded: where a newer token has no room
/// the oldest of its set goes, and none is used at or after its `exp`.
struct TokenCache {
    private struct Entry {
        let hash: Int
        let token: [UInt8]
        let identity: Identity
    }

    /// By the low bits of the hash. A set is filled only when somebody needs it, so that an idle process is small; and
    /// has several places, so that users who collide do not drive each other out all the time.
    private var sets: [[Entry]]
    private let mask: Int

    private static let setEntriesMax = 8
    /// What is longer is checked each time: it would make the bound on entries no bound on memory.
    private static let tokenBytesMax = 2048

    /// - Parameter sets: a power of two; each takes eight tokens at most.
    init(sets: Int = 1024) {
        precondition(sets >= 1 && sets & (sets - 1) == 0, "the number of sets is a power of two")
        self.sets = Array(repeating: [], count: sets)
        mask = sets - 1
    }

    /// Who sent `token`, if it was checked before and still holds.
    func identity(for token: Span<UInt8>, now: Timestamp) -> Identity? {
        let hash = Self.hash(token)
        let set = sets[hash & mask]
        for place in 0..<set.count where set[place].hash == hash {
            let entry = set[place]
            guard entry.token.span.isEqual(to: token), now < entry.identity.expiresAt else { return nil }
            return entry.identity
        }
        return nil
    }

    /// Keeps a token that was checked.
    mutating func insert(_ identity: Identity, for token: Span<UInt8>) {
        guard token.count <= Self.tokenBytesMax else { return }
        let hash = Self.hash(token)
        let place = hash & mask
        sets[place].removeAll { $0.hash == hash }
        if sets[place].count >= Self.setEntriesMax { sets[place].removeFirst() }
        sets[place].append(Entry(hash: hash, token: token.array, identity: identity))
    }

    mutating func removeAll() { sets = Array(repeating: [], count: sets.count) }

    /// The end of a token is its signature, which is as random as any hash: of what is kept nobody can aim at a place
    /// without the key that signs. The last letters hold fewer bits than the others, so they are left out.
    @inline(__always)
    private static func hash(_ token: Span<UInt8>) -> Int {
        guard token.count >= 24 else { return token.count }
        let word = unsafe token.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: $0.count - 24, as: UInt64.self)
                ^ $0.loadUnaligned(fromByteOffset: $0.count - 16, as: UInt64.self).byteSwapped
        }
        // A letter has six bits of eight: multiplied, all of them reach the upper ones.
        return Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> 20)
    }
}
