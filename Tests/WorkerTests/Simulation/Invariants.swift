import Shared

@testable import Worker

/// What must hold after a history (DESIGN.md §8), each checked against what was accepted and nothing else.
struct Invariants {
    private let world: World

    init(_ world: World) { self.world = world }

    func broken() -> [String] {
        everyRequestHasOneVerdict() + conservation() + orderAndEffect() + attempts() + results() + ownership()
    }

    private var lostSome: Bool { world.lost.values.contains { $0 > 0 } }

    /// 1: applied exactly once, or dead.
    private func everyRequestHasOneVerdict() -> [String] {
        var broken: [String] = []
        var seen: [UUID: Int16] = [:]
        for applied in world.database.applied {
            if let before = seen[applied.row.request], applied.row.redrive <= before {
                broken.append("request \(applied.row.request) was applied twice")
            }
            seen[applied.row.request] = applied.row.redrive
        }
        for mutation in world.accepted where seen[mutation.id] == nil && !lostSome {
            broken.append("request \(mutation.id) has no verdict")
        }
        return broken
    }

    /// 1: accepted = succeeded + failed + dead + queued, in each lane.
    private func conservation() -> [String] {
        (0..<world.laneCount).compactMap { index in
            let lane = Lane(index)
            let count = world.lanes.count(lane)
            let left = Int(count.leftOver(queued: 0)) - (world.lost[lane] ?? 0)
            if left != 0 { return "lane \(lane): \(left) entries are unaccounted for" }
            if Int(count.accepted) != world.pushes[lane] ?? 0 {
                return "lane \(lane) counts \(count.accepted) of \(world.pushes[lane] ?? 0) pushes"
            }
            return nil
        }
    }

    /// 2 and 5: each user's mutations in their order, and the tasks are what a plain fold makes of them.
    private func orderAndEffect() -> [String] {
        var broken: [String] = []
        var mutations: [UUID: (place: Int, mutation: Mutation)] = [:]
        for (place, mutation) in world.accepted.enumerated() { mutations[mutation.id] = (place, mutation) }
        var last: [UserID: Int] = [:]
        var tasks: [TaskKey: TaskState] = [:]
        var marks: [UUID: LetterMark] = [:]
        for applied in world.database.applied {
            guard let (place, mutation) = mutations[applied.row.request] else {
                broken.append("request \(applied.row.request) was never accepted")
                continue
            }
            if applied.row.redrive == 0 {
                if place < last[mutation.user] ?? -1 {
                    broken.append("request \(mutation.id) of \(mutation.user) came after a later one")
                }
                last[mutation.user] = place
            }
            let key = TaskKey(user: mutation.user, id: mutation.task)
            var state = tasks[key] ?? TaskState()
            if applied.row.verdict.code == .deadLettered {
                marks[mutation.id] = LetterMark(
                    taskVersion: state.item?.version, taskCreatedAt: state.item?.createdAt)
                continue
            }
            let expected = verdict(mutation, applied.row.redrive, &state, marks[mutation.id])
            tasks[key] = state
            if expected != applied.row.verdict {
                broken.append("request \(mutation.id): \(applied.row.verdict) instead of \(expected)")
            }
        }
        let kept = tasks.compactMapValues(\.item)
        if kept != world.database.tasks { broken.append("the tasks are not what the mutations make of them") }
        return broken
    }

    private func verdict(
        _ mutation: Mutation, _ redrive: Int16, _ state: inout TaskState, _ mark: LetterMark?
    ) -> Verdict {
        if redrive > 0, mutation.change.operation != .create, let task = state.item, let mark,
            mark.taskVersion != task.version || mark.taskCreatedAt != task.createdAt
        {
            return .refused(.superseded, version: task.version)
        }
        return state.apply(mutation)
    }

    /// 4: nothing but a refusal counts as an attempt, and nobody dies for want of cause.
    private func attempts() -> [String] {
        var broken: [String] = []
        for (id, letter) in world.database.letters {
            let reader = JSONReader()
            let attempts = Attempt.decode(letter.row.attempts, reader: reader)
            switch letter.row.reason {
            case .attemptsExhausted:
                if attempts.count != 3 || attempts.contains(where: { $0.sqlState != "P0001" }) {
                    broken.append("request \(id) is exhausted after \(attempts.map(\.sqlState))")
                }
            case .rejectedByDatabase:
                if attempts.last?.sqlState != "23514" {
                    broken.append("request \(id) was rejected for nothing")
                }
            case .poison:
                // Three tries alone must have gone wrong, whatever the cause.
                let causes = world.faults.mishaps + world.database.sessionsLost
                if causes < 3 {
                    broken.append("request \(id) is poison after \(causes) mishaps")
                }
            case .undecodable: break
            case .backlog, .expired: broken.append("request \(id): \(letter.row.reason) cannot be")
            }
        }
        return broken
    }

    /// What pollers are told is what the inbox holds.
    private func results() -> [String] {
        let reader = JSONReader()
        return world.accepted.compactMap { mutation in
            let lane = Lane(of: mutation.user, lanes: world.laneCount)
            guard let text = world.lanes.result(mutation.id, in: lane) else { return nil }
            guard let resource = RequestResource(text.span, user: mutation.user, reader: reader) else {
                return "request \(mutation.id): the result cannot be read"
            }
            guard case .done(let verdict, _) = resource.state else {
                return lostSome ? nil : "request \(mutation.id) is still \(resource.status)"
            }
            let row = world.database.requests[mutation.id]
            return verdict == row?.verdict ? nil : "request \(mutation.id): pollers are told something else"
        }
    }

    /// 5: tasks belong to those who made them.
    private func ownership() -> [String] {
        let made = Set(
            world.accepted.filter { $0.change.operation == .create }
                .map { TaskKey(user: $0.user, id: $0.task) })
        return world.database.tasks.keys.filter { !made.contains($0) }.map { "task \($0.id) is nobody's" }
    }
}
