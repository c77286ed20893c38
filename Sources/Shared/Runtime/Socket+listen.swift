internal import CSystem

extension Socket {
    /// Listens on an IPv4 address.
    /// - Parameter sharesPort: other sockets of this user that say so, too, may listen on the same port.
    package static func listenIPv4(
        _ host: String, _ port: UInt16, backlog: Int32, sharesPort: Bool = false
    ) throws(SystemError) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw SystemError("inet_pton", number: EINVAL)
        }
        return try listen(AF_INET, backlog, sharesPort) { fd in
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    /// Listens on an IPv6 address; `sharesPort` as above.
    package static func listenIPv6(
        _ host: String, _ port: UInt16, backlog: Int32, sharesPort: Bool = false
    ) throws(SystemError) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        guard unsafe inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
            throw SystemError("inet_pton", number: EINVAL)
        }
        return try listen(AF_INET6, backlog, sharesPort) { fd in
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    /// Listens on a path of at most 107 bytes, which must not exist yet.
    package static func listenUnix(_ path: String, backlog: Int32) throws(SystemError) -> Int32 {
        try listen(AF_UNIX, backlog, false) { fd in unsafe withUnixAddress(path) { unsafe bind(fd, $0, $1) } }
    }

    /// True when nobody answers on the Unix socket at `path` any more.
    package static func isStale(_ path: String) -> Bool {
        let fd = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        return unsafe withUnixAddress(path) { unsafe connect(fd, $0, $1) } == -1 && tl_errno() == ECONNREFUSED
    }

    /// The port that a TCP socket is bound to.
    package static func port(of fd: Int32) -> UInt16? {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(fd, $0, &length)
            }
        }
        // The port has the same place in both kinds of addresses.
        guard status == 0, Int32(address.sin6_family) == AF_INET || Int32(address.sin6_family) == AF_INET6
        else {
            return nil
        }
        return UInt16(bigEndian: address.sin6_port)
    }

    /// True when `fd` is a stream socket that listens.
    package static func isListening(_ fd: Int32) -> Bool { option(fd, SO_ACCEPTCONN) == 1 }

    private static func listen(
        _ family: Int32, _ backlog: Int32, _ sharesPort: Bool, _ bind: (Int32) -> Int32
    ) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let fd = try retrying("socket") { socket(family, type, 0) }
        do throws(SystemError) {
            if family != AF_UNIX { setReuseAddress(fd) }
            if sharesPort { setReusePort(fd) }
            _ = try retrying("bind") { bind(fd) }
            _ = try retrying("listen") { CSystem.listen(fd, backlog) }
            return fd
        } catch {
            close(fd)
            throw error
        }
    }

    private static func withUnixAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        precondition(
            path.utf8.count < MemoryLayout.size(ofValue: address.sun_path), "a socket path is ≤ 107 bytes")
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
