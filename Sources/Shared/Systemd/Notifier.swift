internal import CSystem

/// Tells systemd how this service is (sd_notify(3)): one datagram for each message to `$NOTIFY_SOCKET`.
///
/// Written here because the protocol is a datagram of `NAME=value` lines; libsystemd would be a dependency for it.
/// Outside systemd every call does nothing. Any thread may call.
package struct Notifier: Sendable {
    private let path: [UInt8]?
    /// How often systemd wants to hear `WATCHDOG=1`, or nil when it does not watch this process.
    package let watchdogInterval: Duration?

    package init(_ environment: Environment, processID: Int32 = getpid()) {
        path = environment.value("NOTIFY_SOCKET").map { Array($0.utf8) }
        let microseconds = environment.value("WATCHDOG_USEC").flatMap { Int64($0) }
        // $WATCHDOG_PID names the process that is meant; a child that inherited the variable stays silent.
        let meant = environment.value("WATCHDOG_PID").flatMap { Int32($0) }.map { $0 == processID } ?? true
        watchdogInterval = microseconds.flatMap { meant && $0 > 0 ? .microseconds($0) : nil }
    }

    /// False outside systemd.
    package var isHeard: Bool { path != nil }

    package func ready(status: String) { send("READY=1\nSTATUS=\(status)") }
    package func status(_ text: String) { send("STATUS=\(text)") }
    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(status)") }
    package func watchdog() { send("WATCHDOG=1") }

    /// Type=notify-reload wants the monotonic time beside it; then `ready` ends the reload.
    package func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(tl_monotonic_nanos() / 1000)") }

    /// Failures are passed over: a daemon must not die because nobody listens.
    private func send(_ message: String) {
        guard let path, path.count < 108, path[0] == UInt8(ascii: "/") || path[0] == UInt8(ascii: "@") else {
            return
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            for place in 0..<path.count { unsafe target[place] = path[place] }
            // An abstract name begins with a zero byte, which the variable writes as @.
            if path[0] == UInt8(ascii: "@") { unsafe target[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let text = Array(message.utf8)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), raw, size)
            }
        }
    }
}
