import Shared

@testable import Worker

/// A model of the tables and of what their transactions promise: lane locks, READ COMMITTED reads, all or nothing,
/// and sessions that the server ends when they stand idle in a transaction.
final class MemoryDatabase {
    /// What is wrong with a mutation.
    enum Trouble {
        /// A trigger raises P0001 until that time.
        case refused(until: Timestamp)
        /// It violates a constraint.
        case rejected
        /// Writing it ends the session.
        case killer
    }

    struct Letter {
        var row: LetterRow
        var state: DeadLetter.State
        var redrive: Int16
        var forced = false
    }

    /// One request that got its verdict in the database, in the order of the commits.
    struct Applied {
        let row: RequestRow
        let at: Timestamp
    }

    struct Transaction {
        var lanes: [Lane]
        var lastStatement: Timestamp
        var changes: [LedgerChanges] = []
    }

    static let idleLimit: Duration = .seconds(3)
    static let lockLimit: Duration = .seconds(2)

    private(set) var tasks: [TaskKey: TaskItem] = [:]
    private(set) var requests: [UUID: RequestRow] = [:]
    var letters: [UUID: Letter] = [:]
    private(set) var applied: [Applied] = []
    var trouble: [UUID: Trouble] = [:]
    var isDown = false
    /// A build whose inbox does not tell what it knows.
    var tellsNothing = false
    /// A build whose inbox does not refuse what it has.
    var refusesNothing = false
    /// Cut off in a transaction, for whatever reason.
    var sessionsLost = 0
    private(set) var violations: [String] = []

    private var open: [Int: Transaction] = [:]
    private var transactions = 0
    private let executor: SimulatedExecutor

    init(_ executor: SimulatedExecutor) { self.executor = executor }

    /// Begins, and waits for the locks; nil after the lock's time limit.
    func begin(_ lanes: [Lane]) async -> Int? {
        let deadline = executor.now + MemoryDatabase.lockLimit
        while true {
            endIdle()
            let taken = Set(open.values.flatMap(\.lanes))
            if lanes.allSatisfy({ !taken.contains($0) }) {
                transactions += 1
                open[transactions] = Transaction(lanes: lanes, lastStatement: executor.now)
                return transactions
            }
            if executor.now >= deadline { return nil }
            await executor.sleep(.milliseconds(20))
        }
    }

    private func endIdle() {
        open = open.filter { executor.now - $0.value.lastStatement <= MemoryDatabase.idleLimit }
    }

    /// A statement of a transaction: false when the server has ended its session meanwhile.
    func touch(_ number: Int) -> Bool {
        endIdle()
        guard open[number] != nil, !isDown else {
            open[number] = nil
            return false
        }
        open[number]?.lastStatement = executor.now
        return true
    }

    func end(_ number: Int) { open[number] = nil }

    func known(_ ids: [UUID]) -> [UUID: KnownRequest] {
        guard !tellsNothing else { return [:] }
        var known: [UUID: KnownRequest] = [:]
        for id in ids {
            if let row = requests[id] { known[id] = KnownRequest(verdict: row.verdict, redrive: row.redrive) }
        }
        return known
    }

    func marks(_ ids: [UUID]) -> [UUID: LetterMark] {
        Dictionary(ids.compactMap { id in letters[id].map { (id, $0.row.mark) } }) { first, _ in first }
    }

    /// What the changes run into, before they are written.
    func objection(_ changes: LedgerChanges) -> LedgerError? {
        for row in changes.requests where row.verdict.succeeded {
            switch trouble[row.request] {
            case .killer:
                sessionsLost += 1
                return .outage(DatabaseFault(sqlState: "57P01", message: "killed"), sessionLost: true)
            case .rejected:
                return .refused(DatabaseFault(sqlState: "23514", message: "rejected"), isRetryable: false)
            case .refused(let until) where executor.now < until:
                return .refused(DatabaseFault(sqlState: "P0001", message: "not yet"), isRetryable: true)
            case .refused, nil: break
            }
        }
        return nil
    }

    func add(_ changes: LedgerChanges, to number: Int) { open[number]?.changes.append(changes) }

    /// Writes everything at once, or nothing and says which key was there already: a task's, or one of the inbox.
    func commit(_ number: Int) -> LedgerError? {
        guard let transaction = open.removeValue(forKey: number) else { return .overtaken }
        for changes in transaction.changes where !refusesNothing {
            let isTaken = { (task: TaskItem) in self.tasks[TaskKey(user: task.user, id: task.id)] != nil }
            if transaction.changes.count == 1, changes.inserts.contains(where: isTaken) {
                return .refused(
                    DatabaseFault(sqlState: "23505", message: "there is such a task"), isRetryable: false)
            }
            for row in changes.requests {
                guard let before = requests[row.request] else { continue }
                let isOpen = before.verdict.code == .deadLettered || before.verdict.code == .superseded
                guard isOpen, row.redrive > before.redrive else { return .overtaken }
            }
        }
        for changes in transaction.changes { write(changes) }
        return nil
    }

    private func write(_ changes: LedgerChanges) {
        for task in changes.inserts {
            let key = TaskKey(user: task.user, id: task.id)
            if tasks.updateValue(task, forKey: key) != nil {
                violations.append("\(task.id) was inserted over a row")
            }
        }
        for task in changes.updates {
            let key = TaskKey(user: task.user, id: task.id)
            if tasks.updateValue(task, forKey: key) == nil {
                violations.append("\(task.id) was updated without a row")
            }
        }
        for key in changes.deletes where tasks.removeValue(forKey: key) == nil {
            violations.append("\(key.id) was deleted without a row")
        }
        for row in changes.requests {
            requests[row.request] = row
            applied.append(Applied(row: row, at: executor.now))
        }
        for row in changes.letters {
            let redrive = max(letters[row.request]?.redrive ?? 0, row.redrive)
            letters[row.request] = Letter(row: row, state: .dead, redrive: redrive)
        }
        for end in changes.redriven { letters[end.request]?.state = end.superseded ? .superseded : .redriven }
    }
}
