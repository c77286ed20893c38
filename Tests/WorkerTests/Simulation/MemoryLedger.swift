import Shared

@testable import Worker

/// An applier's session with `MemoryDatabase`, with whatever goes wrong on the way.
final class MemoryLedger: Ledger {
    private let database: MemoryDatabase
    private let life: ProcessLife
    private var session: Int?

    init(_ database: MemoryDatabase, _ life: ProcessLife) {
        self.database = database
        self.life = life
    }

    private var isOutOfReach: Bool { database.isDown || life.isCutOff }

    func connect() async throws(LedgerError) {
        if await life.step() == .dies || isOutOfReach { throw .unreachable(MemoryLedger.gone) }
    }

    func begin(_ wants: LedgerWants) async throws(LedgerError) -> LedgerRows {
        if await life.step() == .dies || isOutOfReach { throw lost() }
        precondition(wants.lanes == wants.lanes.sorted(), "locks are taken in one order")
        guard let number = await database.begin(wants.lanes) else {
            throw .outage(DatabaseFault(sqlState: "55P03", message: "lock time-out"), sessionLost: false)
        }
        session = number
        life.transaction = number
        guard await life.step() != .dies, database.touch(number) else { throw lost() }
        var rows = LedgerRows()
        rows.known = database.known(wants.requests)
        guard await life.step() != .dies, database.touch(number) else { throw lost() }
        for (place, key) in wants.tasks.enumerated() {
            if let task = database.tasks[key] { rows.tasks.append((place, task)) }
        }
        rows.letters = database.marks(wants.redriven)
        return rows
    }

    func commit(_ changes: LedgerChanges, meanwhile: () -> Void) async throws(LedgerError) {
        guard let number = session, await life.step() != .dies, database.touch(number) else { throw lost() }
        if let objection = database.objection(changes) { throw end(objection) }
        meanwhile()
        database.add(changes, to: number)
        let conflict = database.commit(number)
        session = nil
        life.transaction = nil
        if let conflict { throw conflict }
        switch await life.step() {
        case .goesOn: return
        case .loses, .dies: throw lost()
        }
    }

    func attempt(_ changes: LedgerChanges) async throws(LedgerError) {
        guard let number = session, await life.step() != .dies, database.touch(number) else { throw lost() }
        guard let objection = database.objection(changes) else {
            return database.add(changes, to: number)
        }
        if case .refused = objection { throw objection }
        throw end(objection)
    }

    func abandon() async { _ = end(.overtaken) }

    private func end(_ error: LedgerError) -> LedgerError {
        if let session { database.end(session) }
        session = nil
        life.transaction = nil
        return error
    }

    private func lost() -> LedgerError {
        database.sessionsLost += 1
        return end(.outage(MemoryLedger.gone, sessionLost: true))
    }

    private static let gone = DatabaseFault(sqlState: "", message: "session lost")
}
