internal import CSystem

/// TCP ports of this host.
enum LocalSocket {
    /// True when somebody listens on 127.0.0.1 at `port`.
    static func accepts(port: Int) -> Bool { unsafe call(port) { unsafe connect($0, $1, $2) } }

    /// True when nobody does.
    static func isFree(port: Int) -> Bool { unsafe call(port) { unsafe bind($0, $1, $2) } }

    private static func call(_ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32)
        -> Bool
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var on: Int32 = 1
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
