internal import CSystem

extension EventLoop {
    /// Calls `action` on the loop for each of `signals` that the process gets. The caller has blocked them
    /// with `blockSignals` before the first thread was started; for as long as the loop lives.
    package func onSignals(_ signals: [Int32], _ action: @escaping (Int32) -> Void) throws(SystemError) {
        assertOnLoop()
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        let fd = try retrying("signalfd") { unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK)) }
        _ = try register(fd, .readable, SignalReader(fd: fd, action: action))
    }

    /// Keeps `signals` from interrupting any thread that is started after this call.
    package static func blockSignals(_ signals: [Int32]) {
        for signal in signals { _ = tl_block_signal(signal) }
    }
}

/// Reads the signals that were caught for one loop.
private final class SignalReader: DescriptorHandler {
    private let fd: Int32
    private let action: (Int32) -> Void

    init(fd: Int32, action: @escaping (Int32) -> Void) {
        self.fd = fd
        self.action = action
    }

    deinit { Socket.close(fd) }

    func ready(_ readiness: Readiness) {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while unsafe read(fd, &info, size) == size { action(Int32(info.ssi_signo)) }
    }
}
