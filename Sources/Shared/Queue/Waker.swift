internal import Synchronization

/// Ends a wait for bells from any thread, at once or at the next wait if nobody waits.
package final class Waker: Sendable {
    private let isWoken = Atomic(false)
    /// What interrupts the wait, where it is one of the system's.
    let alarm: Alarm?

    init(alarm: Alarm? = nil) { self.alarm = alarm }

    package func wake() {
        isWoken.store(true, ordering: .releasing)
        alarm?.ring()
    }

    /// Whether somebody called `wake` since the last time.
    func take() -> Bool {
        // Both are taken back each time, or a ring that comes late would end every wait to come.
        let rang = alarm?.wait(atMost: .zero) ?? false
        return isWoken.exchange(false, ordering: .acquiring) || rang
    }
}
