import Shared

/// The transactions of one applier over the truth: PostgreSQL in `PostgresLedger`.
///
/// A seam and no second domain protocol: the simulation puts a model of the tables here, so that ten thousand histories
/// of crashes can run through the very code that ships. One transaction is open at a time; one thread uses it.
protocol Ledger: AnyObject {
    /// Opens a transaction, takes the locks of the lanes (the order of `wants.lanes`, ascending), and then reads: what
    /// the inbox knows, then the tasks, locked. Each statement sees what was committed before it began (I3).
    /// Where nothing is read, all of it may be put off until the commit. On an error nothing is open.
    func begin(_ wants: LedgerWants) async throws(LedgerError) -> LedgerRows

    /// Writes and commits in one trip. `meanwhile` runs while the server works. On an error everything is undone; only
    /// after a lost session it is unknown whether it was committed.
    func commit(_ changes: LedgerChanges, meanwhile: () -> Void) async throws(LedgerError)

    /// Writes inside the open transaction, to be committed later. A refusal undoes only these changes; any other error
    /// the whole transaction.
    func attempt(_ changes: LedgerChanges) async throws(LedgerError)

    /// Undoes the open transaction, if there is one.
    func abandon() async

    /// Makes a lost session anew; does nothing where there is one. Throws `unreachable` alone.
    func connect() async throws(LedgerError)
}

/// Why the ledger did not do what it was asked.
enum LedgerError: Error, Equatable, Sendable {
    /// No session can be had.
    case unreachable(DatabaseFault)
    /// Nobody's fault: wait and do the same again. A session that was lost in the transaction may have been killed by it.
    case outage(DatabaseFault, sessionLost: Bool)
    /// A mutation among the changes is at fault.
    case refused(DatabaseFault, isRetryable: Bool)
    /// The inbox took an id since it was read: somebody holds no lock. Peek again.
    case overtaken
}

/// What PostgreSQL, or the way to it, said.
struct DatabaseFault: Equatable, Sendable {
    /// Five characters; empty where no server answered.
    var sqlState: String
    /// One line; may quote the offending row, so it goes to dead letters and never into metrics.
    var message: String
    /// Names the violated constraint, if it was one.
    var constraint: String = ""
}

/// What a batch must know before it folds.
struct LedgerWants: Sendable {
    /// Ascending, each once: the deterministic order of locks that keeps workers from deadlocks.
    var lanes: [Lane] = []
    var requests: [UUID] = []
    /// Each once; the rows come back by their place in here.
    var tasks: [TaskKey] = []
    /// For each of `tasks` its slot in the batch.
    var slots: [Int] = []
    /// Requests that come from a redrive: their dead letters are read, too.
    var redriven: [UUID] = []
    /// Whether the age up to which the inbox can vouch is asked for: only where an entry is old.
    var horizon = false
    /// Check deferred constraints at each statement, so that a savepoint can tell whose fault it is.
    var isolating = false

    /// Whether the lanes' locks are all that is asked for.
    var isNothing: Bool { requests.isEmpty && tasks.isEmpty && redriven.isEmpty && !horizon && !isolating }
}

/// How much a transaction reads before it folds.
enum Reading: Sendable {
    /// All that decides a verdict.
    case careful
    /// As much, and faults are told statement by statement.
    case isolating
    /// Not what the inserts prove by themselves: that the inbox knows none of the ids, and that a task is new.
    /// A presumption that is wrong undoes the transaction (23505).
    case presuming
}

/// What the ledger knew.
struct LedgerRows: Sendable {
    var known: [UUID: KnownRequest] = [:]
    /// Rows of `LedgerWants.tasks`, by their place in it.
    var tasks: [(place: Int, task: TaskItem)] = []
    var letters: [UUID: LetterMark] = [:]
    /// The inbox has forgotten requests older than this.
    var horizon: Timestamp?
}

/// A request in the inbox.
struct KnownRequest: Equatable, Sendable {
    var verdict: Verdict
    var redrive: Int16
}

/// What a dead letter remembers of its task: both differ from the task's own once a later change has overtaken it.
struct LetterMark: Equatable, Sendable {
    var taskVersion: Int32?
    var taskCreatedAt: Timestamp?
}

/// A task by its key. Hashed by the id alone, which is random enough; users may share ids.
struct TaskKey: Hashable, Sendable {
    let user: UserID
    let id: UUID

    func hash(into hasher: inout Hasher) { hasher.combine(id.low) }
}

/// The net effect of some mutations, and their rows in the inbox.
struct LedgerChanges: Sendable {
    var inserts: [TaskItem] = []
    var updates: [TaskItem] = []
    var deletes: [TaskKey] = []
    var requests: [RequestRow] = []
    var users: [UserRow] = []
    var letters: [LetterRow] = []
    /// Redriven requests that ended otherwise than dead; true where they were superseded.
    var redriven: [(request: UUID, superseded: Bool)] = []
    /// The time of the batch: `finished_at`, `dead_at`.
    var now = Timestamp(micros: 0)

    var isEmpty: Bool { requests.isEmpty && letters.isEmpty }
}

/// One row of `requests`.
struct RequestRow: Equatable, Sendable {
    var request: UUID
    var user: UserID
    var operation: Mutation.Operation
    var task: UUID
    var verdict: Verdict
    var redrive: Int16
}

/// The claims of a user's token, for `users`.
struct UserRow: Equatable, Sendable {
    var user: UserID
    var email: [UInt8]?
    var name: [UInt8]?
    /// Becomes `created_at` where the row is new.
    var seenAt: Timestamp
}

/// One row of `dead_letters`.
struct LetterRow: Equatable, Sendable {
    var request: UUID
    var user: UserID?
    var lane: Lane
    var operation: Mutation.Operation?
    var task: UUID?
    var mark: LetterMark
    var reason: DeathReason
    var signature: String
    var payload: [UInt8]
    /// A JSON array.
    var attempts: [UInt8]
    var redrive: Int16
}
