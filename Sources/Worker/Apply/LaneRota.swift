import Shared

/// Which lanes the next batch takes, and how much of each: whole prefixes of few deep lanes rather than a little of
/// every lane, because each lane in a batch costs a script of its own.
///
/// Lanes take turns in their order, so that none waits longer than one round of the others.
struct LaneRota {
    /// What is taken of a lane that nothing is known about.
    static let guess = 8

    /// Entries that a lane is believed to have.
    private var expected: [Lane: Int] = [:]
    private var last: Lane?

    /// The lanes of the next batch, as many as are believed to fill it. What they hold may be more than `batch`.
    mutating func choose(from lanes: Set<Lane>, batch: Int) -> [PrefixRequest] {
        let sorted = lanes.sorted()
        let start = last.flatMap { last in sorted.firstIndex { $0 > last } } ?? 0
        // A deep lane leaves room for others: who has little there need not wait for a batch of it alone.
        let most = sorted.count > 1 ? max(1, batch / 2) : batch
        var requests: [PrefixRequest] = []
        var sum = 0
        for lane in sorted[start...] + sorted[..<start] {
            let believed = min(expected[lane] ?? LaneRota.guess, most)
            requests.append(PrefixRequest(lane, count: min(most, max(LaneRota.guess, believed * 2))))
            last = lane
            sum += believed
            if sum >= batch { break }
        }
        return requests
    }

    /// Cuts what was peeked to `batch` entries in all; the next batch begins with the lanes that are left out.
    mutating func cut(_ prefixes: [LanePrefix], to batch: Int) -> [LanePrefix] {
        var kept: [LanePrefix] = []
        var room = batch
        for prefix in prefixes {
            guard room > 0 || prefix.entries.isEmpty else { break }
            kept.append(prefix.entries.count > room ? prefix.first(room) : prefix)
            room -= min(room, prefix.entries.count)
            last = prefix.lane
        }
        return kept
    }

    /// Notes how much a lane held, or has left.
    mutating func note(_ lane: Lane, depth: Int) { expected[lane] = max(depth, 1) }

    /// Forgets the lanes that are not ours any more.
    mutating func keep(_ isOurs: (Lane) -> Bool) { expected = expected.filter { isOurs($0.key) } }
}

extension LanePrefix {
    /// The same with its first `count` entries alone.
    fileprivate func first(_ count: Int) -> LanePrefix {
        LanePrefix(
            lane: lane, entries: entries.prefix(count), parkedUsers: parkedUsers, isPaused: isPaused,
            mayHaveMore: true)
    }
}
