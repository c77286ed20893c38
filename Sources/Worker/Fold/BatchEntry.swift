import Shared

/// One lane entry in a batch, and what has become of it so far.
struct BatchEntry: Sendable {
    /// What the entry says.
    enum Content: Sendable {
        /// - Parameter slot: the place of its task among the batch's tasks.
        case mutation(DecodedMutation, slot: Int)
        case undecodable(id: UUID, UndecodableEntry)
    }

    /// What has become of it.
    enum Outcome: Sendable {
        /// Not yet folded.
        case open
        /// Its user was parked before the batch: it goes behind what is parked already.
        case behind
        /// Refused for now: its user waits, this entry at the head.
        /// - Parameter attempts: every try so far, the last one just now.
        case parked(attempts: [Attempt])
        /// Its user was parked by an earlier entry of this batch.
        case parkedAfter
        /// It has its verdict. `isNew` is false where the inbox knew it already.
        case done(Verdict, task: TaskItem?, isNew: Bool)
        /// Set aside.
        case dead(Death)
    }

    /// The place of its lane or parked user among the batch's sources.
    let source: Int
    let content: Content
    var outcome: Outcome = .open

    var id: UUID {
        switch content {
        case .mutation(let mutation, _): mutation.id
        case .undecodable(let id, _): id
        }
    }

    var mutation: DecodedMutation? {
        if case .mutation(let mutation, _) = content { mutation } else { nil }
    }

    var isOpen: Bool { if case .open = outcome { true } else { false } }
}

/// How an entry died: what its dead letter tells beside the entry itself.
struct Death: Equatable, Sendable {
    let reason: DeathReason
    /// The same for equal causes, so that an operator can act on all of them.
    let signature: String
    /// Every failed try, oldest first.
    var attempts: [Attempt] = []
    /// The task at that moment.
    var mark = LetterMark()
}

/// One task that a batch touches.
struct TaskSlot: Sendable {
    let key: TaskKey
    /// As the database has it, the open transaction's own writes included.
    var stored: TaskItem?
    /// As the mutations folded so far left it.
    var state = TaskState()
    /// The batch creates it first and deletes it never, so that its row is inserted, or 23505 says that there is one.
    var provesItself = false

    init(_ key: TaskKey) { self.key = key }
}

/// Where a run of entries came from, and under which lease.
enum BatchSource: Sendable {
    case lane(LanePrefix, Lease)
    case parked(ParkedPrefix, Lease, attempts: [Attempt])

    var lease: Lease {
        switch self {
        case .lane(_, let lease), .parked(_, let lease, _): lease
        }
    }

    var entries: EntryList {
        switch self {
        case .lane(let prefix, _): prefix.entries
        case .parked(let prefix, _, _): prefix.entries
        }
    }
}
