internal import CSystem

/// The calls on stream sockets, non-blocking, each with a typed error.
package enum Socket {
    /// What one write of a socket took.
    package enum WriteOutcome: Equatable, Sendable {
        case bytes(Int)
        case wouldBlock
        case broken
    }

    /// What one accept gave.
    package enum AcceptOutcome: Equatable, Sendable {
        case connection(Int32)
        case none
        /// The process or the system has no descriptor left.
        case exhausted
        /// This one connection is gone already; there may be more.
        case lost
    }

    /// Writes the bytes of `range`, as many as the system takes at once.
    package static func write(_ fd: Int32, _ bytes: Span<UInt8>, from start: Int = 0) -> WriteOutcome {
        let count = unsafe bytes.withUnsafeBufferPointer { buffer in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start...])
            return unsafe send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return .bytes(count) }
        switch tl_errno() {
        case EAGAIN, EINTR: return .wouldBlock
        default: return .broken
        }
    }

    /// Accepts one connection of a listening socket.
    package static func accept(_ fd: Int32) -> AcceptOutcome {
        let connection = tl_accept(fd)
        if connection >= 0 { return .connection(connection) }
        switch tl_errno() {
        case EAGAIN: return .none
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
        default: return .lost
        }
    }

    /// A descriptor that is good for nothing but being given up when no other is left; -1 without one.
    package static func spare() -> Int32 {
        socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    /// Says to the peer that nothing more will be sent.
    package static func finishSending(_ fd: Int32) { _ = shutdown(fd, Int32(SHUT_WR)) }

    /// Sends small answers at once instead of waiting for more to send.
    package static func setNoDelay(_ fd: Int32) { setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY) }

    package static func setReuseAddress(_ fd: Int32) { setOption(fd, SOL_SOCKET, SO_REUSEADDR) }
    package static func setReusePort(_ fd: Int32) { setOption(fd, SOL_SOCKET, SO_REUSEPORT) }

    private static func setOption(_ fd: Int32, _ level: Int32, _ name: Int32) {
        var on: Int32 = 1
        // Not a stream of TCP, or an old system: it works without.
        _ = unsafe setsockopt(fd, level, name, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A number that the system keeps of a socket, such as `SO_ACCEPTCONN`; nil where it has none.
    static func option(_ fd: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    /// Closes a descriptor; its number may be given out again at once.
    package static func close(_ fd: Int32) { _ = CSystem.close(fd) }
}
