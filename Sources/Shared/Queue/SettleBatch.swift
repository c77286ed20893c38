/// A prefix of one lane whose effects are committed: what became of each entry, in order.
package struct SettleBatch: Equatable, Sendable {
    package let lease: Lease
    /// The first and the last entry of the prefix, as peeked: the script compares them before it trims.
    package let first: [UInt8]
    package let last: [UInt8]
    /// One for each entry of the prefix, in its order.
    package let items: [SettledItem]
    /// Users that this batch parks, with the record of the attempt. Users parked already are not named again.
    package let parks: [Park]
    /// What the lane's crash count becomes; 0 unless the worker is still on its way through a suspicious prefix.
    package let crashesAfter: Int

    package init(
        lease: Lease, first: [UInt8], last: [UInt8], items: [SettledItem], parks: [Park] = [],
        crashesAfter: Int = 0
    ) {
        precondition(!items.isEmpty, "a batch settles at least one entry")
        precondition(crashesAfter >= 0, "crashes are counted from 0")
        self.lease = lease
        self.first = first
        self.last = last
        self.items = items
        self.parks = parks
        self.crashesAfter = crashesAfter
    }
}

/// What became of one entry.
package struct SettledItem: Equatable, Sendable {
    package enum Fate: Equatable, Sendable {
        /// It has its verdict; counted, and its id is published.
        case done(Tally)
        /// It goes, in order, behind what is parked of the user; it stays counted as accepted and not done.
        case park(UserID)
    }

    /// Which counter of the lane an entry ends in.
    package enum Tally: UInt8, CaseIterable, Sendable {
        case succeeded, failed, dead
    }

    /// The request; for an undecodable entry, the id of its dead letter.
    package let id: UUID
    package let fate: Fate
    /// The request resource for pollers, kept for the result's lifetime; nil writes none.
    package let result: [UInt8]?
    /// True where nothing can change the result any more, whoever writes it, and when: no redrive, no later try.
    package let isFinal: Bool

    package init(id: UUID, fate: Fate, result: [UInt8]?, isFinal: Bool = false) {
        self.id = id
        self.fate = fate
        self.result = result
        self.isFinal = isFinal
    }
}

/// A user to be parked from this batch on.
package struct Park: Equatable, Sendable {
    package let user: UserID
    /// When to try again; kept in whole milliseconds.
    package let due: Timestamp
    /// The record of the attempts of the entry at the head, as JSON; opaque to the queue.
    package let attempts: [UInt8]

    package init(user: UserID, due: Timestamp, attempts: [UInt8]) {
        self.user = user
        self.due = due
        self.attempts = attempts
    }
}

/// What became of the head of one parked user's list.
package struct ParkedSettleBatch: Equatable, Sendable {
    package let lease: Lease
    package let user: UserID
    /// The first and last of `peeked` entries, compared before anything is trimmed.
    package let first: [UInt8]
    package let last: [UInt8]
    /// How many entries lie between `first` and `last`, both included.
    package let peeked: Int
    /// Verdicts of the entries at the head, which are trimmed; may be fewer than `peeked`, or none. All `.done`.
    package let done: [SettledItem]
    /// What holds for the user if entries are left afterwards.
    package let next: Park
    /// The `retrying` resource of the entry that stays at the head, if it has one.
    package let retrying: SettledItem?
    package let crashesAfter: Int

    /// - Parameter next: its `attempts` are empty where the new head was not tried yet; its user is the batch's.
    package init(
        lease: Lease, first: [UInt8], last: [UInt8], peeked: Int, done: [SettledItem], next: Park,
        retrying: SettledItem? = nil, crashesAfter: Int = 0
    ) {
        precondition(peeked > 0 && done.count <= peeked, "a parked batch settles what was peeked")
        precondition(crashesAfter >= 0, "crashes are counted from 0")
        self.lease = lease
        user = next.user
        self.first = first
        self.last = last
        self.peeked = peeked
        self.done = done
        self.next = next
        self.retrying = retrying
        self.crashesAfter = crashesAfter
    }
}

/// What a settle came to.
package enum SettleOutcome: Equatable, Sendable {
    /// Done. `depth` is what is left in the lane (for a parked batch: in the user's parked list); `backlogs` are the
    /// parked users of this batch with more than `SettleOutcome.parkedMax` entries: their heads are to be
    /// dead-lettered with reason `backlog`.
    case settled(depth: Int, backlogs: [Backlog])
    /// The lane is not this token's any more: nothing was changed, and nothing may be written for it.
    case notOwner
    /// The prefix is not what was peeked (Redis lost pushes, or a settle thought lost went through): nothing was
    /// changed. Peek again.
    case prefixChanged

    /// The bound of a parked user's list (DESIGN.md §2).
    package static let parkedMax = 10_000
}

/// A parked user whose list is longer than it may be.
package struct Backlog: Equatable, Sendable {
    package let user: UserID
    package let depth: Int

    package init(user: UserID, depth: Int) {
        self.user = user
        self.depth = depth
    }
}

extension Queue {
    /// The same with nothing to be read behind it.
    package func settle(_ batches: [SettleBatch]) async throws(QueueError) -> [SettleOutcome] {
        try await settle(batches, thenPeek: []).outcomes
    }
}
