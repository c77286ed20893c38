import Shared

extension Batch {
    /// The net effect of the folded entries among `range`, and their rows in the inbox.
    func changes(_ range: Range<Int>, now: Timestamp) -> LedgerChanges {
        var changes = LedgerChanges()
        changes.now = now
        changes.requests.reserveCapacity(range.count)
        changes.users.reserveCapacity(range.count)
        for place in range {
            switch entries[place].outcome {
            case .open, .behind, .parked, .parkedAfter: break
            case .done(let verdict, _, let isNew):
                if isNew, let mutation = entries[place].mutation { changes.add(mutation, verdict) }
            case .dead(let death):
                changes.letters.append(letter(place, death))
                if let mutation = entries[place].mutation {
                    changes.add(mutation, .refused(.deadLettered))
                }
            }
        }
        addTasks(of: range, to: &changes)
        return changes
    }

    private func letter(_ place: Int, _ death: Death) -> LetterRow {
        let mutation = entries[place].mutation
        return LetterRow(
            request: entries[place].id, user: mutation?.user, lane: sources[entries[place].source].lease.lane,
            operation: mutation?.operation, task: mutation?.task, mark: death.mark,
            reason: death.reason, signature: death.signature, payload: bytes(of: place),
            attempts: Attempt.encode(death.attempts), redrive: mutation?.redrive ?? 0)
    }

    private func addTasks(of range: Range<Int>, to changes: inout LedgerChanges) {
        // The whole batch is the common case, and then each slot is looked at once.
        if range == 0..<entries.count {
            for place in slots.indices { changes.add(slots[place]) }
            return
        }
        var seen: Set<Int> = []
        for place in range {
            guard case .mutation(_, let slot) = entries[place].content, slot >= 0 else { continue }
            if seen.insert(slot).inserted { changes.add(slots[slot]) }
        }
    }
}

extension LedgerChanges {
    fileprivate mutating func add(_ mutation: DecodedMutation, _ verdict: Verdict) {
        requests.append(
            RequestRow(
                request: mutation.id, user: mutation.user, operation: mutation.operation,
                task: mutation.task, verdict: verdict, redrive: mutation.redrive))
        if mutation.redrive > 0 && verdict.code != .deadLettered {
            redriven.append((mutation.id, verdict.code == .superseded))
        }
        // Claims make the row of the user; whose token says nothing still gets one, by the first mutation.
        users.append(
            UserRow(
                user: mutation.user, email: mutation.value.email, name: mutation.value.name,
                seenAt: mutation.value.acceptedAt))
    }

    fileprivate mutating func add(_ slot: TaskSlot) {
        guard let new = slot.state.item else {
            if slot.stored != nil { deletes.append(slot.key) }
            return
        }
        // Each change makes a version; one that was deleted and created again may have the old one.
        guard let version = slot.stored?.version else { return inserts.append(new) }
        if version != new.version || slot.stored != new { updates.append(new) }
    }
}
