/// One value that arrives once, and one task that waits for it; confined to one loop.
///
/// A value that arrives before anybody waits is kept. Made for replies of Redis, long polls and sleeps.
package final class Latch<Value> {
    /// How a wait ended.
    package enum Outcome {
        case value(Value)
        case timedOut
        case cancelled
    }

    /// The unsafe continuation is resumed exactly once: leaving `waiting` is the only way to it.
    @safe private enum State {
        case empty
        case waiting(UnsafeContinuation<Confined<Outcome>, Never>)
        case fulfilled(Value)
        case finished
    }

    private let loop: EventLoop
    private var state = State.empty
    private var timer: LoopTimer?
    private var isCancelled = false

    /// A latch without a value yet.
    package init(on loop: EventLoop) { self.loop = loop }

    /// True once there was a value, or a wait has ended.
    package var isFinished: Bool {
        switch state {
        case .fulfilled, .finished: true
        case .empty, .waiting: false
        }
    }

    /// Gives the value; the waiting task goes on in this turn of the loop. False when it comes too late.
    @discardableResult
    package func fulfil(_ value: Value) -> Bool {
        loop.assertOnLoop()
        switch state {
        case .empty: state = .fulfilled(value)
        case .waiting: finish(.value(value))
        case .fulfilled, .finished: return false
        }
        return true
    }

    /// Waits for the value until `deadline` or until the task is cancelled.
    package func wait(until deadline: LoopInstant = .distantFuture) async -> Outcome {
        loop.assertOnLoop()
        if case .fulfilled(let value) = state {
            state = .finished
            return .value(value)
        }
        let confined = Confined(self)
        return await withTaskCancellationHandler {
            await confined.value.suspend(until: deadline)
        } onCancel: {
            // On the loop's thread this is the connection that cancels its task; elsewhere, be it anybody.
            let loop = confined.value.loop
            if loop.isCurrent { confined.value.cancel() } else { loop.submit { confined.value.cancel() } }
        }
    }

    /// Waits for the value, however long it takes, also in a cancelled task: for what has begun and must be
    /// finished, such as a push that Redis may have got.
    package func value() async -> Value {
        loop.assertOnLoop()
        guard case .value(let value) = await suspend(until: .distantFuture) else {
            preconditionFailure("a wait without deadline or cancellation ended without a value")
        }
        return value
    }

    private func suspend(until deadline: LoopInstant) async -> Outcome {
        switch state {
        case .fulfilled(let value):
            state = .finished
            return .value(value)
        case .empty: break
        case .waiting, .finished: preconditionFailure("a latch is waited for once")
        }
        if isCancelled {
            state = .finished
            return .cancelled
        }
        let outcome = await unsafe withUnsafeContinuation { continuation in
            state = unsafe .waiting(continuation)
            guard deadline < .distantFuture else { return }
            timer = loop.schedule(at: deadline) { [self] in
                timer = nil
                finish(.timedOut)
            }
        }
        return outcome.value
    }

    private func cancel() {
        isCancelled = true
        if case .waiting = state { finish(.cancelled) }
    }

    private func finish(_ outcome: Outcome) {
        guard case .waiting(let continuation) = state else { return }
        state = .finished
        if let timer { loop.cancel(timer) }
        timer = nil
        unsafe continuation.resume(returning: Confined(outcome))
    }
}
