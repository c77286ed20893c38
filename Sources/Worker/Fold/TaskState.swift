import Shared

/// One task under the mutations of a batch, folded over it in order; pure, so that every rule has a plain test.
struct TaskState: Equatable, Sendable {
    /// The task as the mutations so far left it; nil while there is none.
    private(set) var item: TaskItem?

    init(_ item: TaskItem? = nil) { self.item = item }

    /// Applies one mutation of this task and says what became of it. A refused one changes nothing.
    mutating func apply(_ mutation: Mutation) -> Verdict {
        guard let current = item else { return applyToNothing(mutation) }
        if case .create = mutation.change { return .refused(.taskIDConflict, version: current.version) }
        if case .versions(let versions) = mutation.precondition, !versions.contains(current.version) {
            return .refused(.preconditionFailed, version: current.version)
        }
        return change(current, mutation)
    }

    private mutating func applyToNothing(_ mutation: Mutation) -> Verdict {
        guard case .create(let task) = mutation.change else { return .refused(.taskNotFound) }
        // If-Match on a creation can only fail: no version of what does not exist is current (RFC 9110 §13.1.1).
        guard mutation.precondition == nil else { return .refused(.preconditionFailed) }
        item = TaskItem(
            user: mutation.user, id: mutation.task, title: task.title, description: task.description,
            completed: task.completed, priority: task.priority, dueAt: task.dueAt, version: 1,
            createdAt: mutation.acceptedAt, updatedAt: mutation.acceptedAt)
        return .created(version: 1)
    }

    private mutating func change(_ current: TaskItem, _ mutation: Mutation) -> Verdict {
        var next = current
        switch mutation.change {
        case .create: preconditionFailure("a creation over a task is refused before")
        case .update(let patch): next.apply(patch)
        case .complete(let completed): next.completed = completed
        case .toggle: next.completed.toggle()
        case .delete:
            item = nil
            return .deleted
        }
        next.version += 1
        next.updatedAt = mutation.acceptedAt
        item = next
        return .changed(version: next.version)
    }
}

extension TaskItem {
    fileprivate mutating func apply(_ patch: TaskPatch) {
        if let title = patch.title { self.title = title }
        if let description = patch.description { self.description = description }
        if let completed = patch.completed { self.completed = completed }
        if let priority = patch.priority { self.priority = priority }
        if let dueAt = patch.dueAt { self.dueAt = dueAt }
    }
}
