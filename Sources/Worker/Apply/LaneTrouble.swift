import Shared

/// What an applier holds against a lane: it is applied apart from the others, later, or in smaller prefixes, until it
/// has shown that it harms nobody. Nothing here blames a mutation; only an entry that is alone can be poison.
struct LaneTrouble: Sendable {
    /// Losses of the session, in a row, before prefixes are halved.
    static let lossesBeforeHalving = 3
    /// Entries of the next prefix at most.
    private(set) var limit: Int
    /// Entries that may still hide what cost sessions or workers; 0 when only waiting is asked.
    private(set) var suspects: Int
    /// Takeovers without release that the queue counted; kept there until the suspects have passed.
    private(set) var crashes: Int
    private(set) var losses = 0
    /// Nothing of the lane is applied before.
    private(set) var notBefore = Timestamp(micros: 0)
    /// What was seen, for the dead letter of a poison.
    private(set) var attempts: [Attempt] = []
    private var backoff = Backoff.outage

    init(batch: Int) {
        limit = batch
        suspects = 0
        crashes = 0
    }

    /// The lane's last owners died with it in hands. One death is the fault of whatever killed the process; after the
    /// second in a row each entry must show that it was not its own.
    init(batch: Int, crashes: Int) {
        self.crashes = crashes
        suspects = batch
        limit = crashes >= 2 ? 1 : batch
    }

    /// True where entries go through one by one, each noted before it is tried.
    var isAlone: Bool { limit == 1 && suspects > 0 }

    /// A prefix of `count` entries lost its session while the server works.
    mutating func lostSession(_ count: Int, _ attempt: Attempt, now: Timestamp) {
        losses += 1
        // Short and without growth: a lane with a killer in it is to flow again within a minute.
        notBefore = Timestamp(micros: now.micros + 100_000)
        if attempts.count < 20 { attempts.append(attempt) }
        guard losses >= LaneTrouble.lossesBeforeHalving else { return }
        suspects = max(suspects, count)
        limit = max(1, min(limit, count) / 2)
    }

    /// A prefix failed and nobody is to blame: wait.
    mutating func wait(from now: Timestamp, _ random: inout some RandomNumberGenerator) {
        let delay = backoff.next(&random)
        notBefore = Timestamp(micros: now.micros + Int64(delay / .microseconds(1)))
    }

    /// `count` entries went through. True when nothing is held against the lane any more.
    mutating func passed(_ count: Int) -> Bool {
        backoff.reset()
        notBefore = Timestamp(micros: 0)
        suspects -= count
        return suspects <= 0
    }

    /// What the lane's crash count becomes once `count` more entries have passed.
    func crashesAfter(_ count: Int) -> Int { suspects > count ? crashes : 0 }
}
