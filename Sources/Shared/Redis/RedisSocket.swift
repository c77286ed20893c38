internal import CSystem

/// A non-blocking stream socket to a Redis server: the only place of this folder that makes system calls.
@safe struct RedisSocket: ~Copyable {
    /// What came of a read or a write that did not wait.
    enum Outcome: Equatable {
        case moved(Int)
        case wouldBlock
        case closed
    }

    let descriptor: Int32

    /// Begins to connect and does not wait: the socket becomes writable when it is done; ask `connected` then.
    /// Takes addresses and socket paths; names are looked up before (`NameLookup`).
    init(connectingTo address: RedisURL.Address) throws(RedisError) {
        switch address {
        case .unix(let path): descriptor = try Self.connect(path: path)
        case .tcp(let host, let port), .tls(let host, let port):
            descriptor = try Self.connect(host: host, port: port)
        }
    }

    deinit { close(descriptor) }

    /// Throws why the connection failed; to be asked once the socket is writable.
    borrowing func connected() throws(RedisError) {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard status == 0, code == 0 else { throw .unreachable(Self.reason(status == 0 ? code : tl_errno())) }
    }

    /// Reads what is there, at most the capacity of `buffer`.
    borrowing func read(into buffer: inout [UInt8]) -> Outcome {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe recv(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        if count > 0 { return .moved(count) }
        return count == 0 ? .closed : Self.outcome(of: tl_errno())
    }

    /// Writes what the kernel takes of `bytes`. A peer that is gone is an outcome, never a SIGPIPE.
    borrowing func write(_ bytes: Span<UInt8>) -> Outcome {
        let count = unsafe bytes.withUnsafeBytes { raw in
            unsafe send(descriptor, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
        }
        return count >= 0 ? .moved(count) : Self.outcome(of: tl_errno())
    }

    /// Waits until the socket can be read (or, if asked, written); false when the deadline passed or the alarm rang
    /// first. The ring is left to whoever hears it.
    borrowing func wait(
        reading: Bool, writing: Bool, until deadline: Deadline, interruptedBy alarm: Alarm? = nil
    ) -> Bool {
        var events: Int32 = 0
        if reading { events |= POLLIN }
        if writing { events |= POLLOUT }
        while true {
            // A negative descriptor is passed over.
            var entries: InlineArray<2, pollfd> = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: alarm?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            var span = entries.mutableSpan
            let status = unsafe span.withUnsafeMutableBufferPointer { list in
                unsafe poll(list.baseAddress, 2, deadline.pollMilliseconds)
            }
            if status > 0 { return entries[0].revents != 0 }
            if status == 0 && deadline.hasPassed { return false }
            if status < 0 && tl_errno() != EINTR { return true }
        }
    }

    private static func outcome(of code: Int32) -> Outcome {
        code == EAGAIN || code == EWOULDBLOCK || code == EINTR ? .wouldBlock : .closed
    }

    private static func reason(_ code: Int32) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    private static func connect(path: String) throws(RedisError) -> Int32 {
        let descriptor = try open(family: AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let status = unsafe withUnsafeMutableBytes(of: &address) { raw -> Int32 in
            let room = raw.count - MemoryLayout<sa_family_t>.size - 1
            guard bytes.count <= room else { return -1 }
            for (place, byte) in bytes.enumerated() {
                unsafe raw[MemoryLayout<sa_family_t>.size + place] = byte
            }
            return unsafe CSystem.connect(
                descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        guard status == 0 else {
            let code = bytes.count < 108 ? tl_errno() : ENAMETOOLONG
            close(descriptor)
            throw .unreachable("\(path): \(reason(code))")
        }
        return descriptor
    }

    private static func connect(host: String, port: UInt16) throws(RedisError) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICHOST
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0, let first = unsafe list else {
            throw .unreachable("\(host) is no address")
        }
        defer { unsafe freeaddrinfo(list) }
        var failure = "no address"
        var entry: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let address = unsafe entry {
            let descriptor = try open(family: unsafe address.pointee.ai_family)
            let status = unsafe CSystem.connect(
                descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen)
            if status == 0 || tl_errno() == EINPROGRESS {
                setOptions(descriptor)
                return descriptor
            }
            failure = reason(tl_errno())
            close(descriptor)
            unsafe entry = address.pointee.ai_next
        }
        throw .unreachable("\(host):\(port): \(failure)")
    }

    private static func open(family: Int32) throws(RedisError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw .unreachable(reason(tl_errno())) }
        return descriptor
    }

    /// Small writes leave at once; a peer whose machine vanished is noticed within about half a minute.
    private static func setOptions(_ descriptor: Int32) {
        let options: [(Int32, Int32, Int32)] = [
            (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1),
            (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15), (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5),
            (Int32(IPPROTO_TCP), TCP_KEEPCNT, 3), (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 15_000),
        ]
        for (level, name, value) in options {
            var value = value
            // Best effort: the options make failure quicker, they make nothing right or wrong.
            _ = unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
