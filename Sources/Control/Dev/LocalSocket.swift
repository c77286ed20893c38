internal import CSystem

/// TCP ports of this host.
enum LocalSocket {
    /// True when somebody listens on 127.0.0.1 at `port`.
    static func accepts(port: Int) -> Bool {
        guard let descriptor = connect(port: port) else { return false }
        close(descriptor)
        return true
    }

    /// True when nobody does.
    static func isFree(port: Int) -> Bool {
        guard let descriptor = unsafe open(port, { unsafe bind($0, $1, $2) }) else { return false }
        close(descriptor)
        return true
    }

    /// A connection to 127.0.0.1, the caller's to close; nil where nobody listens.
    static func connect(port: Int) -> Int32? { unsafe open(port) { unsafe CSystem.connect($0, $1, $2) } }

    private static func open(_ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32)
        -> Int32?
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var on: Int32 = 1
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { return descriptor }
        close(descriptor)
        return nil
    }
}
