internal import Synchronization

/// Ends a wait for bells from any thread, at once or at the next wait if nobody waits.
package final class Waker: Sendable {
    private let isWoken = Atomic(false)

    package init() {}

    package func wake() { isWoken.store(true, ordering: .releasing) }

    /// Whether somebody called `wake` since the last time.
    func take() -> Bool { isWoken.exchange(false, ordering: .acquiring) }
}
