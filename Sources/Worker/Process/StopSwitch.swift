import Shared
import Synchronization

/// Ends the waits of every thread of the process when it is to stop: alarms of those that pause, and wakers of those
/// that listen for bells. Any thread.
final class StopSwitch: Sendable {
    private struct State {
        var isThrown = false
        var alarms: [Alarm] = []
        var applierAlarms: [Alarm] = []
        var wakers: [Waker] = []
    }
    private let state = Mutex(State())

    /// A clock for one thread, whose pauses end when the switch is thrown; an applier's also when appliers are woken.
    func clock(ofApplier isApplier: Bool = false) -> WorkerClock {
        let alarm = Alarm()
        state.withLock { state in
            state.alarms.append(alarm)
            if isApplier { state.applierAlarms.append(alarm) }
        }
        return WorkerClock(
            now: { SystemClock.now() },
            pause: { [self] duration in if !isThrown { alarm.wait(atMost: duration) } })
    }

    func add(_ waker: Waker) { state.withLock { $0.wakers.append(waker) } }

    /// Ends waits for bells, and for stores that were away, so that the appliers look at their lanes.
    func wakeAppliers() {
        let (alarms, wakers) = state.withLock { ($0.applierAlarms, $0.wakers) }
        for alarm in alarms { alarm.ring() }
        for waker in wakers { waker.wake() }
    }

    var isThrown: Bool { state.withLock { $0.isThrown } }

    func throwSwitch() {
        let (alarms, wakers) = state.withLock { state in
            state.isThrown = true
            return (state.alarms, state.wakers)
        }
        for alarm in alarms { alarm.ring() }
        for waker in wakers { waker.wake() }
    }
}
