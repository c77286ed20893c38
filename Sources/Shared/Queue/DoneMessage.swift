/// How a settle tells what is done.
package enum DoneMessage {
    case nothing
    /// The ids, published by the script; who waits fetches the results.
    case ids(asks: Bool)
    /// The results themselves; early where they are so few that nobody should wait until their settle is on disk.
    case resources([UInt8], isEarly: Bool)

    /// Results that are told ahead of their settle at most: it costs the worker a trip of its own.
    package static let earlyMax = 4
    /// What Redis may have to write to all listeners for one message.
    private static let bytesMax = 1 << 20

    init(of batches: [SettleBatch], keys: (Lane) -> LaneKeys, to audience: DoneAudience) {
        var count = 0
        var size = 0
        for batch in batches {
            for item in batch.items {
                guard case .done = item.fate, let result = item.result else { continue }
                count += 1
                size += result.count
            }
        }
        guard count > 0, audience.count > 0, size * audience.count <= DoneMessage.bytesMax else {
            self = .ids(asks: audience.isStale)
            return
        }
        let isEarly = count <= DoneMessage.earlyMax
        var notice = DoneNotice(capacity: size + count * 2 + batches.count * 8, isEarly: isEarly)
        for batch in batches { notice.addResources(batch.items, of: keys(batch.lease.lane)) }
        self = .resources(notice.text, isEarly: isEarly)
    }

    /// Commands that it takes beside the script's. The reply of one tells how many listen.
    var commandCount: Int {
        switch self {
        case .nothing, .ids(asks: false): 0
        case .ids(asks: true), .resources: 1
        }
    }

    func append(to connection: RedisConnection) {
        switch self {
        case .nothing, .ids(asks: false): break
        case .ids(asks: true): connection.append(["PUBSUB", "NUMSUB", .bytes(DoneNotice.channel)])
        case .resources(let text, _):
            connection.append(["PUBLISH", .bytes(DoneNotice.channel), .bytes(text)])
        }
    }
}

/// How many listen to the done channel, as Redis said last.
struct DoneAudience {
    private(set) var count = 0
    private var noted: ContinuousClock.Instant?

    var isStale: Bool { noted.map { .now - $0 > .seconds(1) } ?? true }

    /// - Parameter answer: to PUBLISH, or to PUBSUB NUMSUB for the one channel. A refusal counts as nobody: to tell is no
    ///   condition of settling.
    mutating func note(_ answer: RedisQueue.Answer?) {
        switch answer {
        case nil: return
        case .refusal?: count = 0
        case .reply(let reply)?:
            count = Int(reply.integer ?? (reply.count == 2 ? reply[1].integer : nil) ?? 0)
        }
        noted = .now
    }
}
