/// The right to apply a lane's mutations: held until it runs out, is released, or is lost.
package struct Lease: Hashable, Sendable {
    package let lane: Lane
    package let token: LeaseToken

    package init(lane: Lane, token: LeaseToken) {
        self.lane = lane
        self.token = token
    }
}

/// The value of `tl:{NNN}:owner`: names the worker for operators, and differs for each acquisition.
package struct LeaseToken: Hashable, Sendable {
    package let bytes: [UInt8]

    /// A token as it was read.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// `<worker>/<16 hexadecimal digits>`. - Parameter nonce: drawn at random for each acquisition.
    package init(worker: WorkerID, nonce: UInt64) {
        var bytes = worker.bytes + [UInt8(ascii: "/")]
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            bytes.append(Hex.digit(UInt8(truncatingIfNeeded: nonce >> shift) & 15))
        }
        self.bytes = bytes
    }

    /// The worker's part.
    package var worker: WorkerID {
        WorkerID(bytes: [UInt8](bytes[..<(bytes.lastIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex)]))
    }
}

/// One worker process, as `host:pid:…`: a field of `tl:workers`. Compared as bytes.
package struct WorkerID: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// A worker as the registry knows it.
package struct WorkerSign: Equatable, Sendable {
    package let worker: WorkerID
    /// Since its last heartbeat, by the queue's own clock.
    package let age: Duration
    /// What it said of itself.
    package let info: [UInt8]

    package init(worker: WorkerID, age: Duration, info: [UInt8]) {
        self.worker = worker
        self.age = age
        self.info = info
    }
}

/// What an attempt to take a lane came to.
package enum Acquisition: Equatable, Sendable {
    /// Taken. `clean` is false where the last owner did not release it; `crashes` counts such takeovers of a lane
    /// with work in it since the last settle that reset them.
    case acquired(clean: Bool, crashes: Int)
    /// Somebody holds it.
    case held(by: LeaseToken)
}
