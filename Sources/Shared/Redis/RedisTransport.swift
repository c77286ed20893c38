/// Bytes to and from a server for blocking code, in the clear or through TLS, each call with a deadline.
struct RedisTransport: ~Copyable {
    private let socket: RedisSocket
    private let tls: RedisTLS?
    private var input: [UInt8]
    private var sealed: [UInt8] = []

    private init(socket: consuming RedisSocket, tls: RedisTLS?) {
        self.socket = socket
        self.tls = tls
        input = [UInt8](repeating: 0, count: 65536)
    }

    /// Connects, with the TLS handshake where the address asks for it; of a host with several addresses to the first
    /// that answers.
    static func connect(to address: RedisURL.Address, until deadline: Deadline) throws(RedisError)
        -> RedisTransport
    {
        guard let host = address.hostName else { return try connect(to: address, at: address, deadline) }
        var failure = RedisError.unreachable("\(host): name or address not known")
        for numeric in NameLookup.addresses(of: host) {
            do throws(RedisError) { return try connect(to: address, at: address.at(numeric), deadline) } catch
            {
                failure = error
            }
            if deadline.hasPassed { break }
        }
        throw failure
    }

    private static func connect(
        to address: RedisURL.Address, at place: RedisURL.Address, _ deadline: Deadline
    ) throws(RedisError) -> RedisTransport {
        let tls = try RedisTLS(for: address)
        var transport = RedisTransport(socket: try RedisSocket(connectingTo: place), tls: tls)
        guard transport.socket.wait(reading: false, writing: true, until: deadline) else {
            throw .unreachable("time-out")
        }
        try transport.socket.connected()
        try transport.handshake(until: deadline)
        return transport
    }

    /// Sends all of `bytes`; what the server says meanwhile goes to `reader`, or both sides could wait for ever.
    mutating func send(_ bytes: Span<UInt8>, into reader: RedisReader, until deadline: Deadline)
        throws(RedisError)
    {
        guard let tls else { return try write(bytes, into: reader, until: deadline) }
        sealed.removeAll(keepingCapacity: true)
        try tls.seal(bytes)
        tls.takeOutgoing(into: &sealed)
        let outgoing = sealed
        try write(outgoing.span, into: reader, until: deadline)
    }

    /// Waits for bytes and gives them to `reader`; a ring of `alarm` ends the wait as the deadline does.
    mutating func receive(
        into reader: RedisReader, until deadline: Deadline, interruptedBy alarm: Alarm? = nil
    ) throws(RedisError) {
        while try !readOnce(into: reader) {
            guard socket.wait(reading: true, writing: false, until: deadline, interruptedBy: alarm) else {
                throw .timeout(sent: true)
            }
        }
    }

    private mutating func write(
        _ bytes: Span<UInt8>, into reader: RedisReader, until deadline: Deadline
    ) throws(RedisError) {
        var sent = 0
        while sent < bytes.count {
            switch socket.write(bytes.extracting(sent...)) {
            case .moved(let count): sent += count
            case .closed: throw .disconnected(sent: sent > 0)
            case .wouldBlock:
                guard socket.wait(reading: true, writing: true, until: deadline) else {
                    throw .timeout(sent: sent > 0)
                }
                _ = try readOnce(into: reader)
            }
        }
    }

    /// Reads what is there; false when nothing was.
    private mutating func readOnce(into reader: RedisReader) throws(RedisError) -> Bool {
        switch socket.read(into: &input) {
        case .wouldBlock: return false
        case .closed: throw .disconnected(sent: true)
        case .moved(let count):
            guard let tls else {
                try reader.feed(input.span.extracting(0..<count))
                return true
            }
            tls.receive(input.span.extracting(0..<count))
            var opened = false
            while true {
                let plain = try tls.open(into: &input)
                guard plain > 0 else { return opened }
                try reader.feed(input.span.extracting(0..<plain))
                opened = true
            }
        }
    }

    private mutating func handshake(until deadline: Deadline) throws(RedisError) {
        guard let tls else { return }
        while true {
            let isDone = try tls.handshake()
            try sendHandshake(tls, until: deadline)
            if isDone { return }
            guard socket.wait(reading: true, writing: false, until: deadline) else {
                throw .unreachable("time-out")
            }
            switch socket.read(into: &input) {
            case .moved(let count): tls.receive(input.span.extracting(0..<count))
            case .wouldBlock: continue
            case .closed: throw .unreachable("closed during the TLS handshake")
            }
        }
    }

    private mutating func sendHandshake(_ tls: RedisTLS, until deadline: Deadline) throws(RedisError) {
        var outgoing: [UInt8] = []
        tls.takeOutgoing(into: &outgoing)
        var sent = 0
        while sent < outgoing.count {
            switch socket.write(outgoing.span.extracting(sent...)) {
            case .moved(let count): sent += count
            case .closed: throw .unreachable("closed during the TLS handshake")
            case .wouldBlock:
                guard socket.wait(reading: false, writing: true, until: deadline) else {
                    throw .unreachable("time-out")
                }
            }
        }
    }
}
