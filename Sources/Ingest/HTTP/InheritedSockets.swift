internal import CSystem
internal import Shared

/// The sockets that the service manager hands over, as sd_listen_fds(3) describes.
enum InheritedSockets {
    /// One of them, with its `FileDescriptorName`.
    struct Inherited: Equatable, Sendable {
        let fd: Int32
        let name: String
    }

    /// Why what was handed over is no good.
    enum Failure: Error, CustomStringConvertible {
        case notListening(Int32)

        var description: String {
            switch self {
            case .notListening(let fd):
                "descriptor \(fd) of LISTEN_FDS is no listening stream socket: check ListenStream= in the unit"
            }
        }
    }

    /// What the environment says of this process: nothing when LISTEN_PID names another.
    ///
    /// - Parameter firstFD: 3 by definition; another in tests.
    static func find(
        pid: Int32, firstFD: Int32 = 3, environment: (String) -> String?
    ) throws(Failure) -> [Inherited] {
        guard environment("LISTEN_PID") == String(pid), let text = environment("LISTEN_FDS"),
            let count = Int32(text), (1...1024).contains(count)
        else { return [] }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        var inherited: [Inherited] = []
        for index in 0..<count {
            let fd = firstFD + index
            guard Socket.isListening(fd) else { throw .notListening(fd) }
            let name = Int(index) < names.count ? String(names[Int(index)]) : ""
            inherited.append(Inherited(fd: fd, name: name))
        }
        return inherited
    }

    /// Makes sockets for `loopCount` loops out of inherited ones: each loop accepts from each of them.
    static func adopt(_ inherited: [Inherited], loopCount: Int) -> [[ListeningSocket]] {
        let sockets = inherited.map { one in
            // The service manager leaves both flags to us; a descriptor that listens takes them.
            _ = tl_set_cloexec(one.fd)
            _ = tl_set_nonblocking(one.fd)
            return ListeningSocket(fd: one.fd, isShared: loopCount > 1, isInherited: true)
        }
        return Array(repeating: sockets, count: loopCount)
    }
}
