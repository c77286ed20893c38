/// Why a command has no reply. `mayHaveRun` tells whether the server may have done it all the same.
package enum RedisError: Error, Equatable, Sendable {
    /// No connection could be made (refused, unknown host, bad certificate, time-out); nothing was sent.
    case unreachable(String)
    /// The connection broke. `sent` is false where no byte of the command left this process.
    case disconnected(sent: Bool)
    /// No reply in time; the connection is closed, since a late reply would answer the wrong command.
    case timeout(sent: Bool)
    /// The server answered with an error; the connection is whole.
    case refused(RedisRefusal)
    /// Bytes came that are no RESP, or a reply of a shape that the command cannot have; the connection is closed.
    case malformed
    /// The pipeline holds as many commands as it may; nothing was sent.
    case overloaded

    /// False where the server surely did not run the command: it may be reported as not accepted.
    package var mayHaveRun: Bool {
        switch self {
        case .unreachable, .refused, .overloaded: false
        case .disconnected(let sent), .timeout(let sent): sent
        case .malformed: true
        }
    }
}

/// An error reply: its code as a value to switch over, and the server's own words.
package struct RedisRefusal: Equatable, Sendable {
    /// The codes that something here decides by; the rest is `other`.
    package enum Code: Equatable, Sendable {
        /// maxmemory is reached: writes fail until something is removed.
        case outOfMemory
        /// The server is a replica.
        case readOnly
        /// The server reads its data set from disk after a start.
        case loading
        /// The script is not in the server's cache.
        case noScript
        /// A transaction of which a command was refused before: nothing of it was run.
        case aborted
        /// A replica without its master, or a master with too few replicas.
        case masterDown, noReplicas
        case clusterDown, moved, ask
        /// A cluster, and the command's keys are not in one slot: nothing was run.
        case crossSlot
        /// Persistence failed (disk full), so that writes are refused.
        case misconfigured
        /// A script runs longer than it should.
        case busy
        case wrongType, noPermission, notAuthenticated, wrongPassword
        case other
    }

    package let code: Code
    package let message: String

    package init(message: String) {
        self.message = message
        code = RedisRefusal.codes[String(message.prefix { $0 != " " })] ?? .other
    }

    /// What an operator can do about it; nil where the message says all there is.
    package var remedy: String? {
        switch code {
        case .notAuthenticated, .wrongPassword: "check user and password in REDIS_URL"
        case .readOnly: "let REDIS_URL name the primary, not a replica"
        case .noPermission: "give the user of REDIS_URL all commands on the keys and channels tl:*"
        case .misconfigured: "see to the disk of Redis: it cannot save"
        case .outOfMemory: "raise maxmemory of Redis, or find what queues up: tasklane lanes --sort depth"
        case .noReplicas: "bring the replicas back that min-replicas-to-write asks for"
        case .loading: "wait: Redis reads its data"
        case .busy: "a script of somebody else runs for too long: SCRIPT KILL"
        case .noScript, .aborted, .masterDown, .clusterDown, .moved, .ask, .crossSlot, .wrongType, .other: nil
        }
    }

    private static let codes: [String: Code] = [
        "OOM": .outOfMemory, "READONLY": .readOnly, "LOADING": .loading, "NOSCRIPT": .noScript,
        "EXECABORT": .aborted,
        "MASTERDOWN": .masterDown, "NOREPLICAS": .noReplicas, "CLUSTERDOWN": .clusterDown, "MOVED": .moved,
        "ASK": .ask, "CROSSSLOT": .crossSlot, "MISCONF": .misconfigured, "BUSY": .busy,
        "WRONGTYPE": .wrongType,
        "NOPERM": .noPermission,
        "NOAUTH": .notAuthenticated, "WRONGPASS": .wrongPassword,
    ]
}

extension RedisError: CustomStringConvertible {
    /// One line for a log; holds no secret and no value of a client.
    package var description: String {
        switch self {
        case .unreachable(let why): "cannot reach Redis: \(why)"
        case .disconnected(let sent): "connection to Redis lost\(sent ? " before the reply" : "")"
        case .timeout(let sent): "Redis did not answer in time\(sent ? "" : "; nothing was sent")"
        case .refused(let refusal): "Redis refused: \(refusal.message)"
        case .malformed: "Redis answered with something unexpected"
        case .overloaded: "too many Redis commands are waiting"
        }
    }
}
