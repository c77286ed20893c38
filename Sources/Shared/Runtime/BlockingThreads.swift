internal import CSystem
internal import Synchronization

/// A few threads for calls that block, such as password hashes, so that no loop has to. Jobs run in the order in
/// which they came; when too many wait, new ones are refused at once rather than late.
///
/// Each thread has a `Context` of its own, such as a session with PostgreSQL, which never leaves it.
package final class BlockingThreads<Context>: Sendable {
    private let queue: JobQueue<Context>

    /// Starts the threads. They end, after the jobs that wait, when this object goes.
    /// - Parameters:
    ///   - waitingMax: jobs that may wait for a thread.
    ///   - makeContext: called once on each thread.
    package init(
        name: String, count: Int, waitingMax: Int, makeContext: @escaping @Sendable () -> Context
    ) throws(SystemError) {
        precondition(count > 0 && waitingMax > 0, "threads without number or work")
        let queue = try JobQueue<Context>(waitingMax: waitingMax)
        self.queue = queue
        for index in 0..<count {
            pthread_detach(
                try startThread(name: "\(name)-\(index)") {
                    let context = makeContext()
                    while let job = queue.take() { job(context) }
                })
        }
    }

    deinit { queue.close() }

    /// Runs `job` on one of the threads, soon; false when too many wait already. From any thread.
    package func submit(_ job: @escaping @Sendable (Context) -> Void) -> Bool { queue.put(job) }

    /// Runs `body` on one of the threads while the calling task waits; nil when too many wait already.
    package func run<Value: Sendable>(_ body: @escaping @Sendable (Context) -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let isTaken = queue.put { continuation.resume(returning: body($0)) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }
}

/// The jobs that wait, and an eventfd that counts them: threads sleep in reading it.
private final class JobQueue<Context>: Sendable {
    private struct State {
        var jobs: [@Sendable (Context) -> Void] = []
        var isClosed = false
    }
    private let state = Mutex(State())
    private let waitingMax: Int
    private let countFD: Int32

    init(waitingMax: Int) throws(SystemError) {
        self.waitingMax = waitingMax
        countFD = try retrying("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_SEMAPHORE)) }
    }

    deinit { CSystem.close(countFD) }

    func put(_ job: @escaping @Sendable (Context) -> Void) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.jobs.count < waitingMax else { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { add(1) }
        return isTaken
    }

    /// The next job, once there is one; nil when the queue is closed and empty.
    func take() -> (@Sendable (Context) -> Void)? {
        var count: UInt64 = 0
        // Fails only for a signal, after which there may be nothing: then it reads again.
        while unsafe read(countFD, &count, 8) != 8 {}
        return state.withLock { state in state.jobs.isEmpty ? nil : state.jobs.removeFirst() }
    }

    /// Lets every thread end once there is nothing left to do.
    func close() {
        state.withLock { $0.isClosed = true }
        // More than there are threads: each takes one that has no job.
        add(1 << 32)
    }

    private func add(_ count: UInt64) {
        var count = count
        _ = unsafe write(countFD, &count, 8)
    }
}

extension BlockingThreads where Context == Void {
    /// Threads that need nothing of their own.
    package convenience init(name: String, count: Int, waitingMax: Int) throws(SystemError) {
        try self.init(name: name, count: count, waitingMax: waitingMax) {}
    }
}
