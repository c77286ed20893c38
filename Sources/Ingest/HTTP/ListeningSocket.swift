internal import CSystem
internal import Shared

/// A socket that takes connections, made before the loops start.
struct ListeningSocket: Sendable {
    let fd: Int32
    /// Several loops accept from this one descriptor.
    let isShared: Bool
    /// It came from the service manager, which goes on listening when this process ends.
    let isInherited: Bool

    /// Why a server cannot listen.
    enum Failure: Error, CustomStringConvertible {
        case badAddress(String)
        case system(SystemError, String)

        var description: String {
            switch self {
            case .badAddress(let text):
                "\(text) is no address to listen on: use 127.0.0.1:8080, [::1]:8080 or unix:/path"
            case .system(let error, let address): "cannot listen on \(address): \(error)"
            }
        }
    }

    private static let backlog: Int32 = 4096

    /// Opens what `loopCount` loops need: for TCP a socket for each loop, among which the system spreads the
    /// connections; for a Unix path one for all. Port 0 takes a free one.
    static func open(_ address: ListenAddress, loopCount: Int) throws(Failure) -> [[ListeningSocket]] {
        do throws(SystemError) {
            guard case .unix(let path) = address else {
                return try openTCP(address, loopCount)
            }
            let fd = try bindUnix(path)
            return Array(
                repeating: [ListeningSocket(fd: fd, isShared: loopCount > 1, isInherited: false)],
                count: loopCount)
        } catch {
            throw .system(error, address.description)
        }
    }

    private static func openTCP(
        _ address: ListenAddress, _ loopCount: Int
    ) throws(SystemError) -> [[ListeningSocket]] {
        var sockets: [[ListeningSocket]] = []
        var address = address
        // A shared port would be shared with any other daemon of this user, too: half of the requests would go to a
        // forgotten one. Alone first, so that it is told.
        if loopCount > 1 { Socket.close(try Socket.bindTCP(to: &address, backlog: 1, sharesPort: false)) }
        for _ in 0..<loopCount {
            let fd = try Socket.bindTCP(to: &address, backlog: backlog, sharesPort: loopCount > 1)
            sockets.append([ListeningSocket(fd: fd, isShared: false, isInherited: false)])
        }
        return sockets
    }

    private static func bindUnix(_ path: String) throws(SystemError) -> Int32 {
        do throws(SystemError) {
            return try Socket.bindUnix(path, backlog: backlog)
        } catch {
            // A path whose owner is dead is taken over; one that somebody answers on is not.
            guard error.number == EADDRINUSE, Socket.isStale(path) else { throw error }
            _ = unsafe unlink(path)
            return try Socket.bindUnix(path, backlog: backlog)
        }
    }

    /// The port of a TCP socket: what port 0 has become.
    var port: UInt16? { Socket.port(of: fd) }
}

extension Socket {
    /// Makes a listening TCP socket that shares its port with its siblings; puts the port in `address`.
    fileprivate static func bindTCP(
        to address: inout ListenAddress, backlog: Int32, sharesPort: Bool
    ) throws(SystemError) -> Int32 {
        switch address {
        case .ipv4(let host, let port):
            let fd = try listenIPv4(host, port, backlog: backlog, sharesPort: sharesPort)
            address = .ipv4(host: host, port: Socket.port(of: fd) ?? port)
            return fd
        case .ipv6(let host, let port):
            let fd = try listenIPv6(host, port, backlog: backlog, sharesPort: sharesPort)
            address = .ipv6(host: host, port: Socket.port(of: fd) ?? port)
            return fd
        case .unix(let path):
            return try bindUnix(path, backlog: backlog)
        }
    }

    fileprivate static func bindUnix(_ path: String, backlog: Int32) throws(SystemError) -> Int32 {
        try listenUnix(path, backlog: backlog)
    }
}
