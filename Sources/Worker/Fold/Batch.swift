import Shared

/// The entries that one transaction applies, of one lane or several, or of parked users; the tasks they touch, and
/// what became of each. A value, so that a part that was refused can be put back by assignment.
struct Batch: Sendable {
    let sources: [BatchSource]
    private(set) var entries: [BatchEntry] = []
    private(set) var slots: [TaskSlot] = []
    /// First entry of each source, and one past the last of all.
    private(set) var starts: [Int] = []
    private(set) var known: [UUID: KnownRequest] = [:]
    private(set) var letters: [UUID: LetterMark] = [:]
    private var horizon: Timestamp?
    private var places: [TaskKey: Int] = [:]
    /// Users that an entry of this batch parked.
    private(set) var parkedUsers: Set<UserID> = []

    /// Decodes the entries. `parkedBefore` holds, for each source, the users whose entries are not to be applied.
    init(_ sources: [BatchSource], parkedBefore: [Set<UserID>], reader: JSONReader) {
        self.sources = sources
        let count = sources.reduce(0) { $0 + $1.entries.count }
        entries.reserveCapacity(count)
        slots.reserveCapacity(count)
        for (number, source) in sources.enumerated() {
            starts.append(entries.count)
            let list = source.entries
            for place in 0..<list.count {
                list.withEntry(place) { add($0, from: number, parkedBefore: parkedBefore[number], reader) }
            }
        }
        starts.append(entries.count)
    }

    private mutating func add(
        _ entry: Span<UInt8>, from source: Int, parkedBefore: Set<UserID>, _ reader: JSONReader
    ) {
        do throws(UndecodableEntry) {
            let mutation = DecodedMutation(try Mutation(entry: entry, reader: reader))
            if !parkedBefore.isEmpty && parkedBefore.contains(mutation.user) {
                entries.append(
                    BatchEntry(source: source, content: .mutation(mutation, slot: -1), outcome: .behind))
                return
            }
            let slot = slot(of: mutation)
            entries.append(BatchEntry(source: source, content: .mutation(mutation, slot: slot)))
        } catch {
            let id = SHA256.hash(entry).withBytes { UUID(hash: $0) }
            entries.append(BatchEntry(source: source, content: .undecodable(id: id, error)))
        }
    }

    private mutating func slot(of mutation: DecodedMutation) -> Int {
        let key = TaskKey(user: mutation.user, id: mutation.task)
        if let place = places[key] {
            if mutation.operation == .delete { slots[place].provesItself = false }
            return place
        }
        places[key] = slots.count
        slots.append(TaskSlot(key))
        if mutation.operation == .create, mutation.value.precondition == nil {
            slots[slots.count - 1].provesItself = true
        }
        return slots.count - 1
    }

    /// The entry as it was received.
    func bytes(of entry: Int) -> [UInt8] {
        let source = entries[entry].source
        return sources[source].entries[entry - starts[source]]
    }

    /// Entries of one source.
    func range(of source: Int) -> Range<Int> { starts[source]..<starts[source + 1] }

    /// False when nothing is to be written, because every entry goes behind parked ones.
    var needsLedger: Bool { entries.indices.contains { entries[$0].isOpen } }

    /// What the transaction must read.
    /// - Parameter oldBefore: entries accepted before this time ask how far back the inbox can vouch.
    func wants(_ reading: Reading, oldBefore: Timestamp) -> LedgerWants {
        var wants = LedgerWants()
        if case .isolating = reading { wants.isolating = true }
        wants.lanes = Set(sources.map { $0.lease.lane }).sorted()
        if case .presuming = reading {
            addTasks(to: &wants) { !$0.provesItself }
            return wants
        }
        wants.requests.reserveCapacity(entries.count)
        for place in entries.indices {
            if case .behind = entries[place].outcome { continue }
            guard let mutation = entries[place].mutation else { continue }
            wants.requests.append(mutation.id)
            if mutation.redrive > 0 { wants.redriven.append(mutation.id) }
            if mutation.id.milliseconds * 1000 < oldBefore.micros { wants.horizon = true }
        }
        addTasks(to: &wants) { _ in true }
        return wants
    }

    private func addTasks(to wants: inout LedgerWants, where isWanted: (TaskSlot) -> Bool) {
        wants.tasks.reserveCapacity(slots.count)
        wants.slots.reserveCapacity(slots.count)
        for place in slots.indices where isWanted(slots[place]) {
            wants.tasks.append(slots[place].key)
            wants.slots.append(place)
        }
    }

    /// Whether every entry is one that an insert can prove to be new: neither redriven, nor so old that the inbox may
    /// have forgotten it.
    func canPresume(oldBefore: Timestamp) -> Bool {
        entries.indices.allSatisfy { place in
            guard let mutation = entries[place].mutation else { return true }
            return mutation.redrive == 0 && mutation.id.milliseconds * 1000 >= oldBefore.micros
        }
    }

    /// Takes what the transaction read; every entry is open again but those that go behind parked ones.
    mutating func take(_ rows: LedgerRows, _ wants: LedgerWants) {
        known = rows.known
        known.reserveCapacity(entries.count)
        letters = rows.letters
        horizon = rows.horizon
        parkedUsers = []
        for slot in slots.indices {
            slots[slot].stored = nil
            slots[slot].state = TaskState()
        }
        for (row, task) in rows.tasks {
            let place = wants.slots[row]
            slots[place].stored = task
            slots[place].state = TaskState(task)
        }
        for place in entries.indices {
            if case .behind = entries[place].outcome { continue }
            entries[place].outcome = .open
        }
    }

    /// Folds the open entries among `range`, in order.
    mutating func fold(_ range: Range<Int>) {
        for place in range where entries[place].isOpen {
            switch entries[place].content {
            case .undecodable(_, let fault):
                entries[place].outcome = .dead(Death(reason: .undecodable, signature: "\(fault)"))
            case .mutation(let mutation, let slot): entries[place].outcome = outcome(of: mutation, slot)
            }
        }
    }

    private mutating func outcome(of mutation: DecodedMutation, _ slot: Int) -> BatchEntry.Outcome {
        if !parkedUsers.isEmpty && parkedUsers.contains(mutation.user) { return .parkedAfter }
        if let before = known[mutation.id], !Batch.mayTake(mutation, before) {
            // The body only where the task is still as that mutation left it (API.md §2).
            let task = slots[slot].state.item
            let matches = before.verdict.succeeded && task?.version == before.verdict.version
            return .done(before.verdict, task: matches ? task : nil, isNew: false)
        }
        if let horizon, mutation.id.milliseconds * 1000 < horizon.micros, !mutation.force {
            return .dead(
                Death(reason: .expired, signature: "older than the inbox", mark: mark(ofSlot: slot)))
        }
        if mutation.redrive > 0, let verdict = superseded(mutation, slots[slot].state.item) {
            known[mutation.id] = KnownRequest(verdict: verdict, redrive: mutation.redrive)
            return .done(verdict, task: nil, isNew: true)
        }
        let verdict = slots[slot].state.apply(mutation.value)
        known[mutation.id] = KnownRequest(verdict: verdict, redrive: mutation.redrive)
        return .done(verdict, task: verdict.succeeded ? slots[slot].state.item : nil, isNew: true)
    }

    /// A known request may be applied only where it is dead, or was overtaken, and this is a later redrive of it.
    private static func mayTake(_ mutation: DecodedMutation, _ before: KnownRequest) -> Bool {
        (before.verdict.code == .deadLettered || before.verdict.code == .superseded)
            && mutation.redrive > before.redrive
    }

    /// 409 where a later change has overtaken what is redriven. A task that is gone, or an id that is taken, gets the
    /// verdict that it always gets.
    private func superseded(_ mutation: DecodedMutation, _ task: TaskItem?) -> Verdict? {
        guard !mutation.force, let task, let mark = letters[mutation.id] else { return nil }
        if mutation.operation == .create { return nil }
        if mark.taskVersion == task.version && mark.taskCreatedAt == task.createdAt { return nil }
        return .refused(.superseded, version: task.version)
    }

    /// The user waits for a retry from here on, this entry at the head.
    mutating func park(_ place: Int, _ attempts: [Attempt]) {
        guard let mutation = entries[place].mutation else { preconditionFailure("only a mutation is parked") }
        parkedUsers.insert(mutation.user)
        entries[place].outcome = .parked(attempts: attempts)
    }

    /// Sets aside those of `range` that the inbox does not know; the others get the verdict that they have.
    mutating func buryUnknown(
        _ range: Range<Int>, _ reason: DeathReason, signature: String, attempts: [Attempt]
    ) {
        for place in range {
            if let mutation = entries[place].mutation, let before = known[mutation.id],
                !Batch.mayTake(mutation, before)
            {
                entries[place].outcome = .done(before.verdict, task: nil, isNew: false)
            } else {
                bury(place, reason, signature: signature, attempts: attempts)
            }
        }
    }

    /// Sets an entry aside; its task stays as it is.
    mutating func bury(_ place: Int, _ reason: DeathReason, signature: String, attempts: [Attempt]) {
        var death = Death(reason: reason, signature: signature, attempts: attempts)
        if case .mutation(let mutation, let slot) = entries[place].content, slot >= 0 {
            death.mark = mark(ofSlot: slot)
            known[mutation.id] = KnownRequest(verdict: .refused(.deadLettered), redrive: mutation.redrive)
        }
        entries[place].outcome = .dead(death)
    }

    /// What was written becomes what is stored.
    mutating func advance(_ range: Range<Int>) {
        for place in range {
            if case .mutation(_, let slot) = entries[place].content, slot >= 0 {
                slots[slot].stored = slots[slot].state.item
            }
        }
    }

    private func mark(ofSlot slot: Int) -> LetterMark {
        let task = slots[slot].state.item
        return LetterMark(taskVersion: task?.version, taskCreatedAt: task?.createdAt)
    }
}
