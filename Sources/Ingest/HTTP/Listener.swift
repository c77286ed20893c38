internal import Shared

/// Accepts connections for one loop and survives running out of descriptors.
final class Listener: DescriptorHandler {
    private let loop: EventLoop
    private let socket: ListeningSocket
    private unowned let server: Server
    private var registration: Registration?
    /// Held so that there is always one descriptor with which a connection can be taken and turned away.
    private var spareFD: Int32
    private var pause: LoopTimer?
    private var isClosed = false

    /// Few where other loops accept from the same socket, so that a burst is shared.
    private var acceptsPerTurnMax: Int { socket.isShared ? 8 : 64 }
    private static let pauseTime = Duration.milliseconds(100)

    init(_ socket: ListeningSocket, on loop: EventLoop, for server: Server) throws(SystemError) {
        self.loop = loop
        self.socket = socket
        self.server = server
        self.spareFD = Socket.spare()
        try watch()
    }

    private func watch() throws(SystemError) {
        registration = try loop.register(
            socket.fd, socket.isShared ? [.readable, .exclusive] : .readable, self)
    }

    func ready(_ readiness: Readiness) { acceptSome(acceptsPerTurnMax) }

    private func acceptSome(_ countMax: Int) {
        for count in 0..<countMax {
            guard server.budget.take() || (count == 0 && makePlace()) else { return count == 0 ? rest() : () }
            let outcome = Socket.accept(socket.fd)
            if case .connection(let fd) = outcome {
                server.adopt(fd)
                continue
            }
            server.budget.giveBack()
            switch outcome {
            case .exhausted:
                turnOneAway()
                return rest()
            case .lost: continue
            case .none, .connection: return
            }
        }
    }

    /// Where there are too many connections, an idle one has to go. Only for one that is known to wait: the
    /// first of a turn.
    private func makePlace() -> Bool { server.closeOneIdle() && server.budget.take() }

    /// Without a descriptor the waiting connection would make the loop spin: take it and close it at once.
    private func turnOneAway() {
        guard spareFD >= 0 else { return }
        Socket.close(spareFD)
        if case .connection(let fd) = Socket.accept(socket.fd) { Socket.close(fd) }
        spareFD = Socket.spare()
    }

    /// Leaves new connections in the system's queue for a moment.
    private func rest() {
        guard let registration, !isClosed else { return }
        loop.deregister(registration)
        self.registration = nil
        pause = loop.schedule(at: loop.now + Self.pauseTime) { [self] in
            pause = nil
            // The descriptor was registered before, so that only memory can be short: try again later.
            do throws(SystemError) { try watch() } catch { rest() }
        }
    }

    /// Stops accepting. What waits in a queue of our own is still taken; an inherited socket is only let go,
    /// because its queue belongs to whoever comes after this process.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        if let pause { loop.cancel(pause) }
        pause = nil
        if let registration { loop.deregister(registration) }
        registration = nil
        if !socket.isInherited, !socket.isShared {
            acceptSome(4096)
            Socket.close(socket.fd)
        }
        if spareFD >= 0 { Socket.close(spareFD) }
    }
}
