import Shared
import Testing

@testable import Worker

@Suite struct `A task's state` {
    private let user = UserID("u1")
    private let id = UUID(high: 1, low: 2)
    private let early = Timestamp(micros: 1_000_000)
    private let late = Timestamp(micros: 2_000_000)

    private func mutation(
        _ change: Mutation.Change, at: Timestamp? = nil, if precondition: Mutation.Precondition? = nil
    ) throws -> Mutation {
        Mutation(
            id: UUID(high: 3, low: 4), user: try #require(user), task: id, acceptedAt: at ?? late,
            change: change, precondition: precondition)
    }

    private func made() throws -> TaskState {
        var state = TaskState()
        let task = NewTask(title: Array("a".utf8), description: Array("b".utf8), priority: .low, dueAt: early)
        #expect(state.apply(try mutation(.create(task), at: early)) == .created(version: 1))
        return state
    }

    @Test func `begins with version 1 and the time of acceptance`() throws {
        let item = try #require(try made().item)
        #expect(item.version == 1 && item.createdAt == early && item.updatedAt == early)
        #expect(item.title == Array("a".utf8) && item.priority == .low)
    }

    @Test func `keeps what a patch does not name and clears what it sets to null`() throws {
        var state = try made()
        let patch = TaskPatch(description: .some(nil), completed: true)
        #expect(state.apply(try mutation(.update(patch))) == .changed(version: 2))
        let item = try #require(state.item)
        #expect(item.title == Array("a".utf8) && item.description == nil && item.completed)
        #expect(item.dueAt == early && item.createdAt == early && item.updatedAt == late)
    }

    @Test func `gains a version with each applied mutation, also one that changes nothing`() throws {
        var state = try made()
        #expect(state.apply(try mutation(.update(TaskPatch(title: Array("a".utf8))))) == .changed(version: 2))
        #expect(state.apply(try mutation(.complete(false))) == .changed(version: 3))
    }

    @Test func `toggles`() throws {
        var state = try made()
        _ = state.apply(try mutation(.toggle))
        #expect(state.item?.completed == true)
        _ = state.apply(try mutation(.toggle))
        #expect(state.item?.completed == false)
    }

    @Test func `is gone after a delete, and its id is free again`() throws {
        var state = try made()
        #expect(state.apply(try mutation(.delete)) == .deleted)
        #expect(state.apply(try mutation(.delete)) == .refused(.taskNotFound))
        #expect(state.apply(try mutation(.toggle)) == .refused(.taskNotFound))
        let again = try mutation(.create(NewTask(title: Array("c".utf8))))
        #expect(state.apply(again) == .created(version: 1))
    }

    @Test func `refuses a second creation and stays as it is`() throws {
        var state = try made()
        let before = state
        let again = try mutation(.create(NewTask(title: Array("c".utf8))))
        #expect(state.apply(again) == .refused(.taskIDConflict, version: 1))
        #expect(state == before)
    }

    @Test(arguments: [
        (Mutation.Precondition.exists, true), (.versions([1]), true), (.versions([7, 1]), true),
        (.versions([2]), false), (.versions([]), false),
    ])
    func `meets its preconditions`(precondition: Mutation.Precondition, passes: Bool) throws {
        var state = try made()
        let verdict = state.apply(try mutation(.complete(true), if: precondition))
        #expect(verdict == (passes ? .changed(version: 2) : .refused(.preconditionFailed, version: 1)))
    }

    @Test func `is not created under a precondition, for nothing is current`() throws {
        var state = TaskState()
        let created = try mutation(.create(NewTask(title: Array("c".utf8))), if: .exists)
        #expect(state.apply(created) == .refused(.preconditionFailed))
        #expect(state.apply(try mutation(.delete, if: .exists)) == .refused(.taskNotFound))
    }
}
