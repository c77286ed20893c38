extension EventLoop {
    /// Runs `action` on the loop at `deadline` or up to a millisecond later, once, unless it is cancelled.
    package func schedule(at deadline: LoopInstant, _ action: @escaping () -> Void) -> LoopTimer {
        assertOnLoop()
        return timers.insert(deadline, action)
    }

    /// Forgets a scheduled action; without effect when it has run.
    package func cancel(_ timer: LoopTimer) {
        assertOnLoop()
        timers.cancel(timer)
    }

    /// Suspends the calling task for `duration`; throws when the task is cancelled.
    package func sleep(for duration: Duration) async throws(CancellationError) {
        try await sleep(until: now + duration)
    }

    /// Suspends the calling task until `deadline`; throws when the task is cancelled.
    package func sleep(until deadline: LoopInstant) async throws(CancellationError) {
        if case .cancelled = await Latch<Void>(on: self).wait(until: deadline) { throw CancellationError() }
    }
}
