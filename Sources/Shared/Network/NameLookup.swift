internal import CSystem

/// Finds the addresses of host names on threads of its own: getaddrinfo blocks, for seconds where a name server is
/// away, and must never hold up an event loop. Any thread.
package final class NameLookup: Sendable {
    private let threads: BlockingThreads<Void>

    package init() throws(SystemError) {
        threads = try BlockingThreads(name: "names", count: 2, waitingMax: 1024)
    }

    /// Numeric addresses of `host`, the system's favourite first; empty where there is none, or nobody to ask.
    func addresses(of host: String) async -> [String] {
        await threads.run { _ in NameLookup.addresses(of: host) } ?? []
    }

    /// The same, blocking the caller.
    static func addresses(of host: String) -> [String] {
        var list = unsafe ask(host, flags: AI_ADDRCONFIG)
        // A host that has nothing but loopback has no address "configured".
        if unsafe list == nil { unsafe list = unsafe ask(host, flags: 0) }
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        var found: [String] = []
        var entry = unsafe list
        while let address = unsafe entry {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = unsafe getnameinfo(
                address.pointee.ai_addr, address.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            if status == 0 { found.append(String(decoding: bytes, as: UTF8.self)) }
            unsafe entry = address.pointee.ai_next
        }
        return found
    }

    /// True for an address, which needs no look-up.
    static func isAddress(_ host: String) -> Bool {
        guard let list = unsafe ask(host, flags: AI_NUMERICHOST) else { return false }
        unsafe freeaddrinfo(list)
        return true
    }

    private static func ask(_ host: String, flags: Int32) -> UnsafeMutablePointer<addrinfo>? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return nil }
        return unsafe list
    }
}
