internal import CSystem

/// Wakes a thread that sleeps: a ring that nobody waits for is kept for the next who does. Any thread rings.
package final class Alarm: Sendable {
    /// Readable while it rings, for those who poll other things too.
    let descriptor: Int32

    package init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "no descriptor left for an alarm: raise LimitNOFILE")
    }

    deinit { close(descriptor) }

    package func ring() {
        var one: UInt64 = 1
        // Fails only when it has rung 2⁶⁴ times unheard: then it is ringing.
        _ = unsafe write(descriptor, &one, 8)
    }

    /// Sleeps until it rings, which takes the ring back, or until `limit` has passed. True when it rang.
    @discardableResult
    package func wait(atMost limit: Duration) -> Bool {
        var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let (seconds, attoseconds) = max(limit, .zero).components
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        let milliseconds = min(seconds, 1_000_000) * 1000 + rest
        guard unsafe poll(&waited, 1, Int32(milliseconds)) > 0 else { return false }
        var count: UInt64 = 0
        return unsafe read(descriptor, &count, 8) == 8
    }
}
