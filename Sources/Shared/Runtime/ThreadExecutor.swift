internal import CSystem
internal import Synchronization

/// One thread that is also a task executor: tasks that prefer it run on it and nowhere else, and may block it.
///
/// Where an `async` call blocks instead of suspending, code on such a thread runs from top to bottom like plain
/// blocking code; that is how a worker's appliers run (docs/architecture.md).
package final class ThreadExecutor: TaskExecutor {
    private let queue: JobQueue
    private let thread: Mutex<pthread_t?>

    /// Starts the thread, and a task on it that runs `body`; the thread ends when the task has.
    package init(name: String, _ body: @escaping @Sendable () async -> Void) throws(SystemError) {
        let queue = JobQueue()
        self.queue = queue
        thread = Mutex(nil)
        let started = try startThread(name: name) { [self] in
            Task.detached(executorPreference: self) {
                await body()
                queue.finish()
            }
            while let job = queue.next() { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
        thread.withLock { $0 = started }
    }

    package func enqueue(_ job: consuming ExecutorJob) { queue.append(UnownedJob(job)) }

    /// Waits until `body` has returned and the thread is over. The first call joins; further ones do nothing.
    package func join() {
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let thread { pthread_join(thread, nil) }
    }
}

/// Jobs that wait for one thread, and the way to wait for a job.
@safe private final class JobQueue: Sendable {
    private struct State {
        var jobs: [UnownedJob] = []
        var isFinished = false
    }
    private let state = Mutex(State())
    private let signal = Alarm()

    func append(_ job: UnownedJob) {
        state.withLock { $0.jobs.append(job) }
        signal.ring()
    }

    func finish() {
        state.withLock { $0.isFinished = true }
        signal.ring()
    }

    /// The next job; blocks for it. Nil once finished.
    func next() -> UnownedJob? {
        while true {
            let (job, isFinished): (UnownedJob?, Bool) = state.withLock { state in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isFinished)
            }
            if let job { return job }
            if isFinished { return nil }
            signal.wait(atMost: .seconds(3600))
        }
    }
}
