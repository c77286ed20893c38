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

/// A body on its way into its task. As a generic `Confined` it would be wrapped in a frame more for each conversion.
///
/// `@unchecked Sendable` is safe: `spawn`, which alone makes one, asserts that it is on the loop; the body runs once, in a
/// task whose preferred executor is that loop, so with what it captured it never leaves the loop's thread.
private struct ConfinedBody: @unchecked Sendable {
    let run: () async -> Void
}

/// Carries a value that is confined to one loop through a place where the compiler asks for `Sendable`.
///
/// `@unchecked Sendable` is safe because only Runtime makes one, and in each place the value is used on its loop alone:
/// `Latch.wait` awaits it on the loop, and its cancellation handler, which may run anywhere, reads the immutable `loop` and
/// sends the rest there; `Latch.finish` resumes a task of its loop; `StopSignal.raise` hands the latch to `submit` of the
/// loop that it is kept with; `LoopTask`'s runner is used in a task whose preferred executor is its loop.
struct Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
