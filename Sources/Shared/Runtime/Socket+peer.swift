internal import CSystem

extension Socket {
    /// The other side's IP address in network order, 4 or 16 bytes (an IPv4 address within IPv6 as 4); empty for a
    /// Unix socket, and for a connection that is gone.
    package static func peerAddress(_ fd: Int32) -> [UInt8] {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe getpeername(fd, generic, &size)
            }
        }
        guard status == 0 else { return [] }
        let family = Int32(storage.ss_family)
        return unsafe withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET: unsafe Array(bytes[4..<8])
            case AF_INET6: unsafe shortened(Array(bytes[8..<24]))
            default: []
            }
        }
    }

    /// The address that `text` spells, as `peerAddress` gives it; empty for what is none.
    package static func address(_ text: [UInt8]) -> [UInt8] {
        guard text.count < 46 else { return [] }
        let string = text.map { CChar(bitPattern: $0) } + [0]
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, string, &bytes) == 1 { return Array(bytes[..<4]) }
        if unsafe inet_pton(AF_INET6, string, &bytes) == 1 { return shortened(bytes) }
        return []
    }

    /// `::ffff:a.b.c.d` is the IPv4 address that it holds.
    private static func shortened(_ bytes: [UInt8]) -> [UInt8] {
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
