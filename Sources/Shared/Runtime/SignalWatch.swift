internal import CSystem

/// Signals as something to wait for on a thread of one's own, for programs without an event loop.
///
/// Made before the first thread is started, so that no thread is interrupted by them.
package final class SignalWatch {
    private let descriptor: Int32

    package init(_ signals: [Int32]) {
        for signal in signals { _ = tl_block_signal(signal) }
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        descriptor = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        precondition(descriptor >= 0, "no descriptor left for signals: raise LimitNOFILE")
    }

    deinit { close(descriptor) }

    /// The next signal that came, or nil when none did within `limit`.
    package func next(within limit: Duration) -> Int32? {
        var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: Int64(limit / .milliseconds(1)))
        guard unsafe poll(&waited, 1, milliseconds) > 0 else { return nil }
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return unsafe read(descriptor, &info, size) == size ? Int32(info.ssi_signo) : nil
    }
}
