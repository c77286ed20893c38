/// The bytes of one connection that never waits, in the clear or through TLS.
final class RedisWire {
    private let socket: RedisSocket
    private let tls: RedisTLS?
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// Where what is read is put. Not cleared beforehand: only what a read has written is ever looked at, and pages that no
    /// read has reached take no memory.
    private var input = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { $1 = $0.count }
    /// Bytes that the system took, of those that were given to `send` (through TLS: as they were sealed).
    private(set) var writtenCount = 0

    /// - Parameter place: where `address` is; its certificate must still have the name that `address` says.
    init(connectingTo address: RedisURL.Address, at place: RedisURL.Address) throws(RedisError) {
        tls = try RedisTLS(for: address)
        socket = try RedisSocket(connectingTo: place)
    }

    var descriptor: Int32 { socket.descriptor }
    var hasUnsent: Bool { unsentStart < unsent.count }

    /// As `writtenCount`; through TLS, where the counts do not match byte for byte, everything may have been sent.
    var sentCount: Int { tls == nil ? writtenCount : .max }

    /// Throws why the connection could not be made; to be asked once it is writable.
    func connected() throws(RedisError) { try socket.connected() }

    /// True once bytes may be sent: at once without TLS.
    func handshake() throws(RedisError) -> Bool {
        guard let tls else { return true }
        if !tls.isReady, case .moved(let count) = socket.read(into: &input) {
            let received = input
            tls.receive(received.span.extracting(0..<count))
        }
        let isDone = try tls.handshake()
        tls.takeOutgoing(into: &unsent)
        try flush()
        return isDone
    }

    /// Sends what the system takes at once and keeps the rest for `flush`.
    func send(_ bytes: Span<UInt8>) throws(RedisError) {
        if let tls {
            try tls.seal(bytes)
            tls.takeOutgoing(into: &unsent)
            return try flush()
        }
        if hasUnsent {
            unsafe bytes.withUnsafeBufferPointer { unsafe unsent.append(contentsOf: $0) }
            return try flush()
        }
        switch socket.write(bytes) {
        case .moved(let count):
            writtenCount += count
            guard count < bytes.count else { return }
            unsafe bytes.extracting(count...).withUnsafeBufferPointer { unsafe unsent.append(contentsOf: $0) }
        case .wouldBlock: unsafe bytes.withUnsafeBufferPointer { unsafe unsent.append(contentsOf: $0) }
        case .closed: throw .disconnected(sent: false)
        }
    }

    /// Sends what was kept, as far as the system takes it.
    func flush() throws(RedisError) {
        while hasUnsent {
            let bytes = unsent
            switch socket.write(bytes.span.extracting(unsentStart...)) {
            case .moved(let count):
                unsentStart += count
                writtenCount += count
            case .wouldBlock: return
            case .closed: throw .disconnected(sent: false)
            }
        }
        unsent.removeAll(keepingCapacity: unsent.capacity <= 1 << 20)
        unsentStart = 0
    }

    /// Gives what has come to `reader`, one read's worth: the loop calls again while there is more.
    func receive(into reader: RedisReader) throws(RedisError) {
        switch socket.read(into: &input) {
        case .wouldBlock: return
        case .closed: throw .disconnected(sent: true)
        case .moved(let count):
            // A constant of this scope may lend its bytes; the property may not. The array itself is not copied.
            let received = input
            guard let tls else { return try reader.feed(received.span.extracting(0..<count)) }
            tls.receive(received.span.extracting(0..<count))
            var opened = [UInt8](repeating: 0, count: 16384)
            while true {
                let plain = try tls.open(into: &opened)
                guard plain > 0 else { return }
                try reader.feed(opened.span.extracting(0..<plain))
            }
        }
    }
}
