/// An async body that runs on a loop, for cancelling it. Confined to the loop.
package struct LoopTask {
    fileprivate let runner: Runner
    fileprivate let turn: UInt32

    /// Cancels the task that runs the body; without effect when the body has ended.
    package func cancel() {
        if runner.turn == turn { runner.cancel() }
    }
}

extension EventLoop {
    /// Idle runners that a loop keeps: as many as bodies run at once in a busy moment.
    fileprivate static let idleRunnersMax = 256

    /// Runs `body` on this loop soon, like `spawn`, in a task that is used again for the next body: making
    /// and freeing a task costs more than all else that the loop does for a request.
    package func start(_ body: @escaping () async -> Void) -> LoopTask {
        assertOnLoop()
        return (idleRunners.popLast() ?? Runner(loop: self)).begin(body)
    }

    /// Lets the idle runners' tasks end; the loop has no use for them any more.
    func endIdleRunners() {
        let runners = idleRunners
        idleRunners = []
        for runner in runners { runner.end() }
    }
}

/// A task of one loop that runs one body after the other.
final class Runner {
    private unowned let loop: EventLoop
    private var body: (() async -> Void)?
    private var idle: IdleContinuation?
    private var task: Task<Void, Never>?
    private var isCancelled = false
    /// Which body this is; a `LoopTask` of an earlier one must not cancel a later one.
    fileprivate var turn: UInt32 = 0

    /// Resumed once, by `begin` or `end`: both take it out of `idle`.
    @safe private struct IdleContinuation {
        let continuation: UnsafeContinuation<Void, Never>
        func resume() { unsafe continuation.resume() }
    }

    init(loop: EventLoop) { self.loop = loop }

    fileprivate func begin(_ body: @escaping () async -> Void) -> LoopTask {
        self.body = body
        if let idle {
            self.idle = nil
            idle.resume()
        } else {
            let confined = Confined(self)
            task = Task.detached(executorPreference: loop) { await confined.value.run() }
        }
        return LoopTask(runner: self, turn: turn)
    }

    fileprivate func cancel() {
        isCancelled = true
        task?.cancel()
    }

    fileprivate func end() {
        let idle = self.idle
        self.idle = nil
        idle?.resume()
    }

    private func run() async {
        while body != nil {
            await runBody()
            turn &+= 1
            // A task that was cancelled stays cancelled.
            if isCancelled || loop.idleRunners.count >= EventLoop.idleRunnersMax { break }
            loop.idleRunners.append(self)
            await unsafe withUnsafeContinuation { idle = unsafe IdleContinuation(continuation: $0) }
        }
        task = nil
    }

    /// A function of its own, so that the body and all that it holds are gone before the runner is idle.
    private func runBody() async {
        guard let body else { return }
        self.body = nil
        await body()
    }
}
