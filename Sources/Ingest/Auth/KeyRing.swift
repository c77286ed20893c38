internal import Shared
internal import Synchronization

/// The keys that every loop checks tokens with. A change (SIGHUP, a JWKS that was fetched) replaces all of them at
/// once; each loop sees it at its next request, and a request that has begun ends with the keys it began with.
final class KeyRing: Sendable {
    private let keys: Mutex<KeySet>
    private let changes = Atomic<Int>(1)

    init(_ keys: KeySet) { self.keys = Mutex(keys) }

    /// Grows with each change; one atomic read, so that asking for every request costs nothing.
    var generation: Int { changes.load(ordering: .acquiring) }

    /// The keys of now. Ask for `generation` before, not after: then a change in between is seen the next time.
    var current: KeySet { keys.withLock { $0 } }

    /// Changes the keys. What is the same as before is no change, and no loop drops its checked tokens for it.
    func update(_ change: (KeySet) -> KeySet) {
        keys.withLock { keys in
            let changed = change(keys)
            guard changed != keys else { return }
            keys = changed
            changes.wrappingAdd(1, ordering: .releasing)
        }
    }
}
