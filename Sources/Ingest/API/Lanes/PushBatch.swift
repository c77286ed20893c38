internal import Shared

/// Is told once what became of a push, on the loop.
protocol PushWaiter: AnyObject {
    /// - Parameter failure: nil when the mutation is on its lane.
    func pushed(_ failure: PushFailure?)
}

/// The pushes of one turn of the loop, sent at its end as one transaction: a push for each lane and its count, so that
/// the counter and the list cannot part, wherever a process dies, and one bell for them all. Confined to its loop.
///
/// One transaction for each push costs Redis MULTI and EXEC, and us two replies, for each mutation. The bell rings for
/// lanes that hold more already too: to learn which do not, it would have to wait for the transaction's reply.
final class PushBatch {
    /// What one lane gets in this turn.
    private struct Share {
        /// Arguments of RPUSH, encoded.
        var entries: [UInt8] = []
        var count = 0
    }

    /// Who waits for the push of the lane at `place`.
    private struct Waiting {
        let waiter: any PushWaiter
        let place: Int

        func moved(to place: Int) -> Waiting { Waiting(waiter: waiter, place: place) }
    }

    /// What was sent and has no reply yet.
    private struct Sent {
        var lanes: [(lane: Lane, count: Int)]
        var waiters: [Waiting]
    }

    private let pipeline: RedisPipeline
    private let depths: LaneDepths
    private let keys: [LaneKeys]
    private let loop: EventLoop
    private var shares: [Share]
    /// The beginnings of each lane's two commands, encoded: name and key; and the whole of its bell.
    private let heads: [(push: [UInt8], count: [UInt8], bell: [UInt8])]
    /// The place of each lane in `next.lanes`; -1 for none.
    private var places: [Int]
    private var next = Sent(lanes: [], waiters: [])
    /// The names of the lanes of a transaction; kept for its memory.
    private var names: [UInt8] = []
    private var waitingCount = 0
    /// The server is of a cluster: lanes may lie in different slots, and a transaction may not.
    private var isCluster = false

    /// Mutations without a reply; more are refused, as Redis must have stopped answering.
    private static let waitingMax = 65536
    /// Memory that a lane's share keeps for the next turn.
    private static let shareBytesMax = 16 * 1024

    init(pipeline: RedisPipeline, keys: [LaneKeys], depths: LaneDepths, on loop: EventLoop) {
        self.pipeline = pipeline
        self.depths = depths
        self.keys = keys
        self.loop = loop
        shares = keys.map { _ in Share() }
        places = keys.map { _ in -1 }
        heads = keys.map { keys in
            (
                PushBatch.encoded([Array("RPUSH".utf8), keys.queue]),
                PushBatch.encoded([Array("HINCRBY".utf8), keys.count, Array("accepted".utf8)]),
                PushBatch.encoded([Array("PUBLISH".utf8), keys.bell, keys.name])
            )
        }
        // The pipeline lets go of it when it is stopped.
        pipeline.beforeFlush = { [self] in send() }
    }

    private static func encoded(_ arguments: [[UInt8]]) -> [UInt8] {
        arguments.reduce(into: []) { $0.appendBulk($1.span) }
    }

    /// Adds an entry; `waiter` is told when Redis has confirmed or refused it, or at once where it cannot be sent.
    func add(_ entry: Span<UInt8>, to lane: Lane, _ waiter: any PushWaiter) {
        guard pipeline.isConnected, waitingCount < PushBatch.waitingMax else {
            return waiter.pushed(.refused)
        }
        waitingCount += 1
        depths.began(lane, 1)
        let index = lane.index
        if places[index] < 0 {
            places[index] = next.lanes.count
            next.lanes.append((lane, 0))
        }
        shares[index].entries.appendBulk(entry)
        shares[index].count += 1
        next.waiters.append(Waiting(waiter: waiter, place: places[index]))
    }

    /// The turn ends: the pipeline sends right after this.
    ///
    /// Everything is taken out before anything is sent: where the connection was lost in this very turn, the waiters are
    /// told at once, and their connections' next requests begin the next batch while this one is still on its way.
    private func send() {
        guard !next.waiters.isEmpty else { return }
        var sent = next
        next = Sent(lanes: [], waiters: [])
        next.lanes.reserveCapacity(sent.lanes.count)
        next.waiters.reserveCapacity(sent.waiters.count)
        var entries: [[UInt8]] = []
        entries.reserveCapacity(sent.lanes.count)
        for place in sent.lanes.indices {
            let index = sent.lanes[place].lane.index
            sent.lanes[place].count = shares[index].count
            entries.append([])
            swap(&entries[place], &shares[index].entries)
            shares[index].count = 0
            places[index] = -1
        }
        if isCluster { sendApart(sent, entries) } else { send(sent, entries) }
        for place in sent.lanes.indices { keep(&entries[place], for: sent.lanes[place].lane) }
    }

    private func send(_ sent: Sent, _ entries: [[UInt8]]) {
        pipeline.transaction(sent.lanes.count * 2 + 1) { commands in
            for place in sent.lanes.indices { write(sent.lanes[place], entries[place], to: &commands) }
            ring(sent, to: &commands)
        } _: { [self] reply in
            finish(sent, reply)
        }
    }

    private func ring(_ sent: Sent, to commands: inout RedisCommands) {
        commands.begin(3)
        if sent.lanes.count == 1 {
            return commands.add(encoded: heads[sent.lanes[0].lane.index].bell, count: 3)
        }
        names.removeAll(keepingCapacity: true)
        for (lane, _) in sent.lanes {
            if !names.isEmpty { names.append(Bell.separator) }
            names += keys[lane.index].name
        }
        commands.add("PUBLISH" as StaticString)
        commands.add(Bell.channel)
        commands.add(names)
    }

    /// A transaction for each lane.
    private func sendApart(_ sent: Sent, _ entries: [[UInt8]]) {
        for (place, lane) in sent.lanes.enumerated() {
            let waiters = sent.waiters.filter { $0.place == place }.map { $0.moved(to: 0) }
            send(Sent(lanes: [lane], waiters: waiters), [entries[place]])
        }
    }

    /// Gives the memory of entries that were written back to their lane.
    private func keep(_ entries: inout [UInt8], for lane: Lane) {
        guard shares[lane.index].count == 0, entries.count <= PushBatch.shareBytesMax else { return }
        entries.removeAll(keepingCapacity: true)
        swap(&entries, &shares[lane.index].entries)
    }

    private func write(
        _ push: (lane: Lane, count: Int), _ entries: [UInt8], to commands: inout RedisCommands
    ) {
        let index = push.lane.index
        commands.begin(2 + push.count)
        commands.add(encoded: heads[index].push, count: 2)
        commands.add(encoded: entries, count: push.count)
        commands.begin(4)
        commands.add(encoded: heads[index].count, count: 3)
        commands.add(Int64(push.count))
    }

    private func finish(_ sent: Sent, _ reply: Swift.Result<RedisReply, RedisError>) {
        waitingCount -= sent.waiters.count
        var failures: [PushFailure?] = []
        failures.reserveCapacity(sent.lanes.count)
        var drained = 0
        for (place, (lane, count)) in sent.lanes.enumerated() {
            failures.append(settle(lane, count, place, reply, &drained))
        }
        depths.drained(drained, loop.now)
        for waiting in sent.waiters { waiting.waiter.pushed(failures[waiting.place]) }
    }

    /// Notes what became of a lane's share.
    private func settle(
        _ lane: Lane, _ count: Int, _ place: Int, _ reply: Swift.Result<RedisReply, RedisError>,
        _ drained: inout Int
    ) -> PushFailure? {
        var depth: Int?
        var failure: PushFailure?
        switch reply {
        case .failure(let error):
            // Nothing was run: those of this turn are refused, once in the life of a process, and may come again.
            if case .refused(let refusal) = error, refusal.code == .crossSlot { isCluster = true }
            failure = PushFailure(error)
        case .success(let replies):
            if let length = replies.integer(at: place * 2) {
                depth = Int(length)
            } else {
                // The key holds no list: nothing was pushed. Anything but an error there is not Redis.
                failure = replies.count > place * 2 && replies[place * 2].refusal != nil ? .refused : .unknown
            }
        }
        drained += depths.ended(lane, began: count, pushed: depth == nil ? 0 : count, depth: depth)
        return failure
    }
}
