internal import Synchronization

/// Peeking and settling, each step as its script does it (Queue/Lua).
extension MemoryLanes {
    func peek(_ want: PrefixRequest) -> LanePrefix {
        with(want.lane) { lane in
            LanePrefix(
                lane: want.lane, entries: EntryList(Array(lane.queue.prefix(want.count))),
                parkedUsers: lane.due.count, isPaused: lane.isPaused,
                mayHaveMore: lane.queue.count >= want.count)
        }
    }

    func parked(among users: [UserID], of lane: Lane) -> Set<UserID> {
        with(lane) { lane in Set(users.filter { lane.due[$0] != nil }) }
    }

    func due(_ lane: Lane, at now: Timestamp, limit: Int) -> [ParkedUser] {
        let all = with(lane) { state in
            state.due.filter { $0.value <= now }.map { ParkedUser(lane: lane, user: $0.key, due: $0.value) }
        }
        // Equal times in the order of the users' bytes, as a sorted set has them.
        let sorted = all.sorted {
            $0.due == $1.due ? $0.user.bytes.lexicographicallyPrecedes($1.user.bytes) : $0.due < $1.due
        }
        return Array(sorted.prefix(limit))
    }

    func peekParked(_ user: ParkedUser, count: Int) -> ParkedPrefix {
        with(user.lane) { lane in
            ParkedPrefix(
                lane: user.lane, user: user.user,
                entries: EntryList(Array((lane.parked[user.user] ?? []).prefix(count))),
                attempts: lane.attempts[user.user])
        }
    }

    func settle(_ batch: SettleBatch) -> SettleOutcome {
        let now = now()
        return state.withLock { state in
            let isFull = state.isFull
            let settled = state.lanes[batch.lease.lane, default: MemoryLane()].settle(
                batch, at: now, isFull: isFull)
            return settled
        }
    }

    func settleParked(_ batch: ParkedSettleBatch) -> SettleOutcome {
        let now = now()
        return state.withLock { state in
            let isFull = state.isFull
            return state.lanes[batch.lease.lane, default: MemoryLane()].settle(batch, at: now, isFull: isFull)
        }
    }

    /// False when full.
    func push(_ entry: [UInt8], id: UUID, to lane: Lane) -> Bool {
        state.withLock { state in
            guard !state.isFull else { return false }
            state.lanes[lane, default: MemoryLane()].results[id] = nil
            state.lanes[lane, default: MemoryLane()].queue.append(entry)
            state.lanes[lane, default: MemoryLane()].count.accepted += 1
            if state.lanes[lane]?.queue.count == 1 { state.rings[lane, default: 0] += 1 }
            return true
        }
    }
}

extension MemoryLane {
    fileprivate mutating func settle(_ batch: SettleBatch, at now: Timestamp, isFull: Bool) -> SettleOutcome {
        let size = batch.items.count
        guard isOwned(by: batch.lease.token, at: now) else { return .notOwner }
        guard queue.count >= size, queue[0] == batch.first, queue[size - 1] == batch.last else {
            return .prefixChanged
        }
        for park in batch.parks {
            due[park.user] = park.due.flooredToMillisecond
            attempts[park.user] = park.attempts
        }
        var touched: Set<UserID> = []
        for (place, item) in batch.items.enumerated() {
            note(item, isFull: isFull)
            guard case .park(let user) = item.fate else { continue }
            precondition(due[user] != nil, "an entry would be parked for a user who is not")
            parked[user, default: []].append(queue[place])
            touched.insert(user)
        }
        queue.removeFirst(size)
        crashes = batch.crashesAfter
        let backlogs = touched.map { Backlog(user: $0, depth: parked[$0]?.count ?? 0) }
            .filter { $0.depth > SettleOutcome.parkedMax }
            .sorted { $0.user.bytes.lexicographicallyPrecedes($1.user.bytes) }
        return .settled(depth: queue.count, backlogs: backlogs)
    }

    fileprivate mutating func settle(
        _ batch: ParkedSettleBatch, at now: Timestamp, isFull: Bool
    ) -> SettleOutcome {
        guard isOwned(by: batch.lease.token, at: now) else { return .notOwner }
        guard let list = parked[batch.user], list.count >= batch.peeked, list[0] == batch.first,
            list[batch.peeked - 1] == batch.last
        else { return .prefixChanged }
        for item in batch.done { note(item, isFull: isFull) }
        if let retrying = batch.retrying { note(retrying, isFull: isFull) }
        let left = Array(list.dropFirst(batch.done.count))
        parked[batch.user] = left.isEmpty ? nil : left
        due[batch.user] = left.isEmpty ? nil : batch.next.due.flooredToMillisecond
        attempts[batch.user] = left.isEmpty || batch.next.attempts.isEmpty ? nil : batch.next.attempts
        crashes = batch.crashesAfter
        let isOver = left.count > SettleOutcome.parkedMax
        return .settled(
            depth: left.count, backlogs: isOver ? [Backlog(user: batch.user, depth: left.count)] : [])
    }

    private mutating func note(_ item: SettledItem, isFull: Bool) {
        if let result = item.result, !isFull { results[item.id] = result }
        alone[item.id] = nil
        guard case .done(let tally) = item.fate else { return }
        count.add(tally)
        published.append(item.id)
    }
}

extension Timestamp {
    /// Redis keeps due times in whole milliseconds.
    var flooredToMillisecond: Timestamp { Timestamp(micros: micros - (micros % 1000 + 1000) % 1000) }
}
