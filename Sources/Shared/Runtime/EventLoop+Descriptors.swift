internal import CSystem

/// What a descriptor is watched for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Interest(rawValue: EPOLLIN.rawValue)
    package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    /// The peer has shut its sending side.
    package static let peerClosed = Interest(rawValue: EPOLLRDHUP.rawValue)
    /// Report changes only: the handler must read or write until the system says EAGAIN.
    package static let edge = Interest(rawValue: EPOLLET.rawValue)
    /// Wake one of the loops that share this descriptor instead of all of them.
    package static let exclusive = Interest(rawValue: EPOLLEXCLUSIVE.rawValue)
}

/// What happened to a descriptor.
package struct Readiness: Sendable {
    let events: UInt32

    package var isReadable: Bool { events & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
    package var isWritable: Bool { events & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
    /// The peer has shut its sending side, or the connection is gone.
    package var isPeerClosed: Bool {
        events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
    }
    /// Nothing can be sent any more: the connection is gone.
    package var isDead: Bool { events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
}

/// Is told, on the loop, what happens to the descriptor it was registered for.
package protocol DescriptorHandler: AnyObject {
    func ready(_ readiness: Readiness)
}

/// One watched descriptor of one loop.
package struct Registration: Sendable {
    package let fd: Int32
    let generation: UInt32
}

/// What the loop knows of one descriptor number; the generation tells its successive owners apart.
struct DescriptorSlot {
    var generation: UInt32 = 0
    var handler: (any DescriptorHandler)?
}

extension EventLoop {
    /// Watches `fd`; the loop keeps `handler` until `deregister`.
    package func register(
        _ fd: Int32, _ interest: Interest, _ handler: any DescriptorHandler
    ) throws(SystemError) -> Registration {
        assertOnLoop()
        while descriptors.count <= Int(fd) { descriptors.append(DescriptorSlot()) }
        precondition(descriptors[Int(fd)].handler == nil, "descriptor \(fd) is registered already")
        let generation = descriptors[Int(fd)].generation
        _ = try retrying("epoll_ctl") {
            tl_epoll_ctl(epollFD, EPOLL_CTL_ADD, fd, interest.rawValue, Self.datum(fd, generation))
        }
        descriptors[Int(fd)].handler = handler
        return Registration(fd: fd, generation: generation)
    }

    /// Watches for something else; an edge that is there already is reported anew.
    package func modify(_ registration: Registration, _ interest: Interest) {
        assertOnLoop()
        let fd = registration.fd
        guard descriptors[Int(fd)].generation == registration.generation else { return }
        let status = tl_epoll_ctl(
            epollFD, EPOLL_CTL_MOD, fd, interest.rawValue, Self.datum(fd, registration.generation))
        precondition(status == 0, "epoll_ctl refused to modify a registered descriptor")
    }

    /// Forgets the descriptor; call it before `close(fd)`. Without effect the second time.
    package func deregister(_ registration: Registration) {
        assertOnLoop()
        let fd = registration.fd
        guard descriptors[Int(fd)].generation == registration.generation else { return }
        descriptors[Int(fd)].generation &+= 1
        descriptors[Int(fd)].handler = nil
        _ = tl_epoll_ctl(epollFD, EPOLL_CTL_DEL, fd, 0, 0)
    }

    private static func datum(_ fd: Int32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd))
    }
}
