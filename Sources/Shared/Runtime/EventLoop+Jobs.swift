internal import Synchronization

extension EventLoop {
    /// Takes a job of the Swift runtime: without lock or system call on the loop's own thread.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.append(job)
            return
        }
        let mustWake = remote.withLock { work in
            work.jobs.append(job)
            defer { work.isWoken = true }
            return !work.isWoken
        }
        if mustWake { wake() }
    }

    /// Runs `action` on the loop, soon; from any thread, in the order of the calls of each thread.
    package func submit(_ action: @escaping @Sendable () -> Void) {
        let mustWake = remote.withLock { work in
            work.actions.append(action)
            defer { work.isWoken = true }
            return !work.isWoken
        }
        if mustWake { wake() }
    }

    /// Starts a task that runs `body` on this loop, from its first line to its last; call it on the loop.
    ///
    /// `body` may use what is confined to the loop. It runs after the caller has returned.
    @discardableResult
    package func spawn(_ body: @escaping () async -> Void) -> Task<Void, Never> {
        assertOnLoop()
        let confined = ConfinedBody(run: body)
        return Task.detached(executorPreference: self) { await confined.run() }
    }
}

/// `Confined` for a body, and safe for the same reason: made on the loop, run on the loop. As a generic value it would
/// be wrapped in a frame more for each conversion.
private struct ConfinedBody: @unchecked Sendable {
    let run: () async -> Void
}

/// Carries a value that is confined to one loop through a place where the compiler asks for `Sendable`.
///
/// Safe because only Runtime makes one, on the loop, and hands it to code that runs on the same loop.
struct Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
