internal import Shared

/// Whose attempts are counted together.
enum ClientAddress {
    /// The address of the client: IPv4, or the /64 network of IPv6, which is what one customer has. Behind a proxy on
    /// this machine it is the last address that the proxy put into `X-Forwarded-For`; nobody else is believed.
    static func of(_ request: Request) -> [UInt8] {
        let peer = Socket.peerAddress(request.socket)
        guard isLocal(peer) else { return network(peer) }
        var forwarded: [UInt8] = []
        request.head.forEachHeader { name, value in
            if name.equalsIgnoringCase("x-forwarded-for"),
                let last = value.split(separator: UInt8(ascii: ",")).last
            {
                forwarded = Array(last.drop { $0 == UInt8(ascii: " ") })
            }
        }
        let address = Socket.address(forwarded)
        return network(address.isEmpty ? peer : address)
    }

    private static func isLocal(_ address: [UInt8]) -> Bool {
        address.isEmpty || address.count == 4 && address[0] == 127
            || address.count == 16 && address.dropLast().allSatisfy { $0 == 0 } && address.last == 1
    }

    private static func network(_ address: [UInt8]) -> [UInt8] {
        address.count == 16 ? Array(address[..<8]) : address
    }
}
