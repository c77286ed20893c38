import Shared
import Support
import Testing

/// A queue to be tested, with the means to be on the other side of it: the producer's, the clock's, the reader's.
protocol QueueFixture: AnyObject {
    var queue: any Queue { get }
    /// Another worker's.
    var other: any Queue { get }
    func accept(_ entries: [Entry], into lane: Lane) throws
    /// Lets the lease run out.
    func expireLease(of lane: Lane) throws
    func pause(_ lane: Lane) throws
    func flush() throws
    func losePushes(_ count: Int, of lane: Lane) throws
    func result(_ id: UUID, in lane: Lane) throws -> String?
    func count(_ lane: Lane) throws -> LaneCount
}

/// The two implementations.
enum QueueKind: CaseIterable, CustomTestStringConvertible {
    case redis, memory

    var testDescription: String { self == .redis ? "Redis" : "memory" }

    func make() throws -> any QueueFixture {
        switch self {
        case .redis: try RedisFixture()
        case .memory: MemoryFixture()
        }
    }
}

/// A lane entry of a test: the queue takes any bytes.
struct Entry: Equatable {
    let id: UUID
    let user: UserID
    let bytes: [UInt8]

    init(_ number: Int, _ user: String = "u1") {
        id = UUID(high: 0x0198_0000_0000_7000 + UInt64(number), low: 0x8000_0000_0000_0000)
        guard let user = UserID(user) else { preconditionFailure("a test's user is none") }
        self.user = user
        bytes = Array(#"{"id":"\#(id)","user":"\#(user)","n":\#(number)}"#.utf8)
    }

    static func list(_ numbers: ClosedRange<Int>, _ user: String = "u1") -> [Entry] {
        numbers.map { Entry($0, user) }
    }

    func done(
        _ tally: SettledItem.Tally = .succeeded, result: String? = "verdict", isFinal: Bool = false
    ) -> SettledItem {
        SettledItem(id: id, fate: .done(tally), result: result.map { Array($0.utf8) }, isFinal: isFinal)
    }

    func parked(result: String? = nil) -> SettledItem {
        SettledItem(id: id, fate: .park(user), result: result.map { Array($0.utf8) })
    }
}

extension Park {
    init(_ user: String, due: Int64, attempts: String = "[1]") {
        guard let user = UserID(user) else { preconditionFailure("a test's user is none") }
        self.init(user: user, due: Timestamp(milliseconds: due), attempts: Array(attempts.utf8))
    }
}

extension Lease {
    static let token = LeaseToken(worker: WorkerID("host:1"), nonce: 0xabc)
    static let otherToken = LeaseToken(worker: WorkerID("host:2"), nonce: 0xdef)

    init(_ lane: Lane, _ token: LeaseToken = Lease.token) { self.init(lane: lane, token: token) }
}

extension SettleBatch {
    init(
        _ lease: Lease, _ entries: [Entry], _ items: [SettledItem], parks: [Park] = [], crashesAfter: Int = 0
    ) {
        self.init(
            lease: lease, first: entries[0].bytes, last: entries[entries.count - 1].bytes, items: items,
            parks: parks, crashesAfter: crashesAfter)
    }
}

extension ParkedSettleBatch {
    init(
        _ lease: Lease, _ entries: [Entry], done: [SettledItem], next: Park, retrying: SettledItem? = nil
    ) {
        self.init(
            lease: lease, first: entries[0].bytes, last: entries[entries.count - 1].bytes,
            peeked: entries.count, done: done, next: next, retrying: retrying)
    }
}

extension EntryList {
    var all: [[UInt8]] { (0..<count).map { self[$0] } }
}

extension Queue {
    /// One redriven entry; throws `full` where it was refused.
    func push(_ entry: [UInt8], id: UUID, to lane: Lane) async throws {
        let taken = try await push([RedriveEntry(request: id, entry: entry, lane: lane)])
        if taken != [true] { throw QueueError.full }
    }
}
