internal import CSystem

/// Ctrl-C (and SIGTERM) as something to look at between two steps, so that a long action stops where it is whole.
///
/// From `init` on the signals no longer end the process; one object for each process.
final class Interruption {
    private let descriptor: Int32
    private var raised = false

    init() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        descriptor = unsafe signalfd(-1, &signals, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        precondition(descriptor >= 0, "no descriptor for signals")
    }

    deinit { close(descriptor) }

    /// True once somebody wants it to stop.
    var isRaised: Bool { raised || wait(upTo: .zero) }

    /// Sleeps for `limit`, or until somebody wants it to stop, which it answers with true.
    func wait(upTo limit: Duration) -> Bool {
        guard !raised else { return true }
        raised = Interruption.readable(descriptor, nil, limit) != nil
        return raised
    }

    /// Sleeps until `other` has something to read (false), somebody wants it to stop (true), or `limit` is over.
    func wait(for other: Int32, upTo limit: Duration) -> Bool {
        guard !raised else { return true }
        raised = Interruption.readable(descriptor, other, limit) == descriptor
        return raised
    }

    private static func readable(_ first: Int32, _ second: Int32?, _ limit: Duration) -> Int32? {
        var polled = [pollfd(fd: first, events: Int16(POLLIN), revents: 0)]
        if let second { polled.append(pollfd(fd: second, events: Int16(POLLIN), revents: 0)) }
        let milliseconds = Int32(clamping: Int64(limit / .milliseconds(1)))
        guard unsafe poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return nil }
        return polled.first { $0.revents != 0 }?.fd
    }
}
