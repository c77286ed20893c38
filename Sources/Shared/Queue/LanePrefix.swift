/// What a worker wants to see of a lane.
package struct PrefixRequest: Equatable, Sendable {
    package let lane: Lane
    /// Entries at most; 0 asks only for what is beside them.
    package let count: Int

    package init(_ lane: Lane, count: Int) {
        self.lane = lane
        self.count = count
    }
}

/// The oldest entries of a lane, and what an owner must know before it applies them.
package struct LanePrefix: Equatable, Sendable {
    package let lane: Lane
    package let entries: EntryList
    /// How many users of the lane are parked.
    package let parkedUsers: Int
    /// An operator has stopped the applying; nothing of the lane may be applied, parked users neither.
    package let isPaused: Bool
    /// Whether the lane may hold entries behind these: as many came as were asked for.
    package let mayHaveMore: Bool

    package init(
        lane: Lane, entries: EntryList, parkedUsers: Int = 0, isPaused: Bool = false,
        mayHaveMore: Bool = false
    ) {
        self.lane = lane
        self.entries = entries
        self.mayHaveMore = mayHaveMore
        self.parkedUsers = parkedUsers
        self.isPaused = isPaused
    }
}

/// A user whose mutations wait for a retry.
package struct ParkedUser: Hashable, Sendable {
    package let lane: Lane
    package let user: UserID
    /// When the next try is due, in whole milliseconds.
    package let due: Timestamp

    package init(lane: Lane, user: UserID, due: Timestamp) {
        self.lane = lane
        self.user = user
        self.due = due
    }
}

/// The oldest entries of a parked user; none when the user is parked no more.
package struct ParkedPrefix: Equatable, Sendable {
    package let lane: Lane
    package let user: UserID
    package let entries: EntryList
    /// The record of the head's attempts, as the worker wrote it.
    package let attempts: [UInt8]?

    package init(lane: Lane, user: UserID, entries: EntryList, attempts: [UInt8]?) {
        self.lane = lane
        self.user = user
        self.entries = entries
        self.attempts = attempts
    }
}
