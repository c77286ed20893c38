import Shared
import Support
import Testing

/// Drives Redis and memory through the same random histories: what the simulation proves of one holds for the other
/// only if no call ever tells them apart.
@Suite(.serialized, .privateRedis) struct `Redis and memory` {
    private static let lanes = [Lane(7), Lane(8)]
    private static let users = ["u1", "u2", "u3"]
    private static let tokens = [Lease.token, Lease.otherToken]

    @Test(arguments: 1...40) func `answer every call alike`(seed: Int) async throws {
        let redis = try RedisFixture()
        let memory = MemoryFixture()
        var history = History(seed: UInt64(seed))
        for step in 1...60 {
            let call = history.next()
            let ours = try await perform(call, on: redis)
            let theirs = try await perform(call, on: memory)
            #expect(ours == theirs, "seed \(seed), step \(step): \(call)")
            guard ours == theirs else { return }
        }
        for lane in Self.lanes { #expect(try redis.count(lane) == memory.count(lane), "seed \(seed)") }
    }

    /// One call of a history; batches are made of what the lane holds when it is performed.
    private enum Call {
        case accept([Entry], Lane)
        case acquire(LeaseToken, Lane)
        case release(LeaseToken, Lane)
        case expire(Lane)
        case settle(LeaseToken, Lane, count: Int, parks: Bool, stale: Bool)
        case settleParked(LeaseToken, Lane, done: Int)
        case alone(LeaseToken, Lane)
        case push(Entry, Lane)
    }

    private struct History {
        private var random: SeededGenerator
        private var accepted = 0

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func next() -> Call {
            let lane = random.pick(lanes)
            let token = random.pick(tokens)
            switch random.below(16) {
            case 0...3:
                let entries = (0...random.below(4)).map { _ in entry() }
                return .accept(entries, lane)
            case 4, 5: return .acquire(token, lane)
            case 6: return .release(token, lane)
            case 7: return .expire(lane)
            case 8...11:
                return .settle(
                    token, lane, count: 1 + random.below(5), parks: random.below(2) == 0,
                    stale: random.below(8) == 0)
            case 12, 13: return .settleParked(token, lane, done: random.below(3))
            case 14: return .alone(token, lane)
            default: return .push(entry(), lane)
            }
        }

        private mutating func entry() -> Entry {
            accepted += 1
            return Entry(accepted, random.pick(users))
        }
    }

    /// What can be seen of the call and, afterwards, of its lane.
    private func perform(_ call: Call, on fixture: any QueueFixture) async throws -> String {
        let queue = fixture.queue
        var seen: String
        let touched: Lane
        switch call {
        case .accept(let entries, let lane):
            try fixture.accept(entries, into: lane)
            (seen, touched) = ("", lane)
        case .acquire(let token, let lane):
            seen = "\(try await queue.acquire([lane], as: token, for: .seconds(30)))"
            touched = lane
        case .release(let token, let lane):
            try await queue.release([Lease(lane, token)])
            (seen, touched) = ("", lane)
        case .expire(let lane):
            for lane in Self.lanes { try fixture.expireLease(of: lane) }
            (seen, touched) = ("", lane)
        case .settle(let token, let lane, let count, let parks, let stale):
            seen = try await settle(Lease(lane, token), count, parks, stale, queue)
            touched = lane
        case .settleParked(let token, let lane, let done):
            seen = try await settleParked(Lease(lane, token), done, queue)
            touched = lane
        case .alone(let token, let lane):
            seen = "\(String(describing: try await queue.beginAlone(Entry(1).id, in: Lease(lane, token))))"
            touched = lane
        case .push(let entry, let lane):
            try await queue.push(entry.bytes, id: entry.id, to: lane)
            (seen, touched) = ("", lane)
        }
        let prefix = try await queue.peek([PrefixRequest(touched, count: 100)])[0]
        let due = try await queue.due([touched], at: Timestamp(milliseconds: 1_000_000), limit: 10)
        let parked = try await queue.peekParked(due, count: 100)
        return "\(seen) \(prefix) \(due) \(parked)"
    }

    private func settle(
        _ lease: Lease, _ count: Int, _ parks: Bool, _ stale: Bool, _ queue: any Queue
    ) async throws -> String {
        let entries = try await queue.peek([PrefixRequest(lease.lane, count: count)])[0].entries.all.map(
            Entry.init)
        guard !entries.isEmpty else { return "" }
        var parked = try await queue.parked(among: entries.map { $0.user }, of: lease.lane)
        var fresh: [Park] = []
        var items: [SettledItem] = []
        for (place, entry) in entries.enumerated() {
            if parks, place == 0, !parked.contains(entry.user) {
                parked.insert(entry.user)
                fresh.append(Park(entry.user.description, due: 1000 + Int64(count)))
            }
            items.append(parked.contains(entry.user) ? entry.parked(result: "retrying") : entry.done())
        }
        let batch = SettleBatch(
            lease: lease, first: stale ? [1] : entries[0].bytes, last: entries[entries.count - 1].bytes,
            items: items, parks: fresh, crashesAfter: count == 5 ? 2 : 0)
        return "\(try await queue.settle([batch, batch]))"
    }

    private func settleParked(_ lease: Lease, _ done: Int, _ queue: any Queue) async throws -> String {
        let due = try await queue.due([lease.lane], at: Timestamp(milliseconds: 1_000_000), limit: 1)
        guard let prefix = try await queue.peekParked(due, count: 3).first else { return "" }
        let entries = prefix.entries.all.map(Entry.init)
        let gone = entries.prefix(done)
        let batch = ParkedSettleBatch(
            lease, entries, done: gone.map { $0.done(.failed) },
            next: Park(
                prefix.user.description, due: 2000 + Int64(done), attempts: done == 0 ? "[1,2]" : ""),
            retrying: done == 0 ? entries[0].parked(result: "again") : nil)
        return "\(try await queue.settleParked([batch]))"
    }
}

extension Entry {
    /// The entry of a test that was written as these bytes.
    fileprivate init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let number = text.split(separator: ":").last.flatMap { Int($0.dropLast()) } ?? 0
        let user = text.split(separator: "\"").dropFirst(7).first.map { String($0) } ?? ""
        self.init(number, user)
        precondition(self.bytes == bytes, "not an entry of a test")
    }
}

/// SplitMix64.
private struct SeededGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}
