internal import Synchronization

/// How many connections there may be in all, counted over the loops.
final class ConnectionBudget: Sendable {
    private let max: Int
    private let open = Atomic<Int>(0)

    init(max: Int) { self.max = max }

    /// Counts one more; false when there are too many.
    func take() -> Bool {
        if open.add(1, ordering: .relaxed).newValue <= max { return true }
        open.subtract(1, ordering: .relaxed)
        return false
    }

    /// Counts one less.
    func giveBack() { open.subtract(1, ordering: .relaxed) }

    /// Connections that are open now.
    var count: Int { open.load(ordering: .relaxed) }
}
