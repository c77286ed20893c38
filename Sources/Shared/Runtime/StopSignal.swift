internal import Synchronization

/// Tells every loop, once, that it is time to stop. Shared by all threads.
package final class StopSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiting: [(loop: EventLoop, latch: Confined<Latch<Void>>)] = []
    }
    private let state = Mutex(State())

    package init() {}

    /// True once it was raised.
    package var isRaised: Bool { state.withLock { $0.isRaised } }

    /// Wakes all who wait, and all who will; from any thread, any number of times.
    package func raise() {
        let waiting = state.withLock { state in
            state.isRaised = true
            let waiting = state.waiting
            state.waiting = []
            return waiting
        }
        for (loop, latch) in waiting { loop.submit { latch.value.fulfil(()) } }
    }

    /// Suspends a task of `loop` until the signal is raised, or until `deadline`. True when it was raised.
    @discardableResult
    package func wait(on loop: EventLoop, until deadline: LoopInstant = .distantFuture) async -> Bool {
        let latch = Confined(Latch<Void>(on: loop))
        let isRaised = state.withLock { state in
            if !state.isRaised { state.waiting.append((loop, latch)) }
            return state.isRaised
        }
        if isRaised { return true }
        if case .value = await latch.value.wait(until: deadline) { return true }
        return false
    }
}
