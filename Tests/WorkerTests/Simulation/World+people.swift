import Shared

@testable import Shared
@testable import Worker

/// Clients and operators of a history.
extension World {
    func produce() async {
        let users = (0..<executor.draw(1...4)).map { UserID("user\($0)") }.compactMap { $0 }
        var tasks: [UserID: [UUID]] = [:]
        for number in 0..<executor.draw(4...18) {
            if executor.chance(0.3) { await executor.sleep(executor.draw(upTo: .milliseconds(400))) }
            guard let user = users.randomElement(using: &executor.random) else { return }
            let mutation = draw(number, of: user, &tasks)
            accepted.append(mutation)
            if executor.chance(0.12) { database.trouble[mutation.id] = drawTrouble() }
            push(mutation.encode(), into: Lane(of: user, lanes: laneCount))
            // The same request again, at once or after it is long done.
            if executor.chance(0.05) { push(mutation.encode(), into: Lane(of: user, lanes: laneCount)) }
            if executor.chance(0.03) {
                undecodable += 1
                push(Array("{\"not\":\"a mutation \(number)\"}".utf8), into: Lane(of: user, lanes: laneCount))
            }
        }
    }

    private func push(_ entry: [UInt8], into lane: Lane) {
        lanes.accept([entry], into: lane)
        pushes[lane, default: 0] += 1
    }

    private func draw(_ number: Int, of user: UserID, _ tasks: inout [UserID: [UUID]]) -> Mutation {
        let milliseconds = UInt64(executor.now.micros / 1000)
        let id = UUID(high: milliseconds << 16 | 0x7000, low: 1 << 63 | UInt64(number))
        let known = tasks[user] ?? []
        let change: Mutation.Change
        var task = known.randomElement(using: &executor.random)
        switch (executor.draw(0...9), task) {
        case (0...3, _), (_, nil):
            // Now and then an id that is taken.
            if task == nil || executor.chance(0.9) {
                task = UUID(high: milliseconds << 16 | 0x7000, low: 1 << 63 | 1 << 40 | UInt64(number))
            }
            change = .create(NewTask(title: Array("task \(number)".utf8)))
        case (4...6, _): change = .update(TaskPatch(title: Array("title \(number)".utf8)))
        case (7, _): change = .toggle
        case (8, _): change = .complete(true)
        default: change = .delete
        }
        let target = task ?? id
        if case .create = change { tasks[user, default: []].append(target) }
        var mutation = Mutation(
            id: id, user: user, task: target, acceptedAt: executor.now, change: change)
        if executor.chance(0.1) { mutation.precondition = .versions([Int32(executor.draw(1...3))]) }
        return mutation
    }

    private func drawTrouble() -> MemoryDatabase.Trouble {
        switch executor.draw(0...9) {
        case 0...5: .refused(until: executor.now + executor.draw(upTo: .seconds(6)))
        case 6...8: .rejected
        default: .killer
        }
    }

    /// An operator redrives what is dead, and may be cut off between the marks; what he had repaired works now.
    func redriveAll() {
        let letters = database.letters.sorted { $0.key < $1.key }
        for (id, letter) in letters {
            switch letter.state {
            case .dead, .superseded:
                guard letter.row.user != nil else { continue }
                database.trouble[id] = nil
                database.letters[id]?.redrive = letter.redrive + 1
                database.letters[id]?.state = .redriving
                if faults.areOn && executor.chance(0.2) { continue }
                finishRedrive(id)
            case .redriving: finishRedrive(id)
            case .redriven, .dropped: continue
            }
        }
    }

    /// The part that the workers' sweep does again where it was cut off.
    private func finishRedrive(_ id: UUID) {
        guard let letter = database.letters[id],
            var mutation = try? Mutation(entry: letter.row.payload.span, reader: JSONReader())
        else { return }
        mutation.redrive = letter.redrive
        let lane = Lane(of: mutation.user, lanes: laneCount)
        let copies = executor.chance(0.2) ? 2 : 1
        for _ in 0..<copies {
            _ = lanes.push(mutation.encode(), id: id, to: lane)
            pushes[lane, default: 0] += 1
        }
        if database.letters[id]?.state == .redriving { database.letters[id]?.state = .redriven }
    }
}
