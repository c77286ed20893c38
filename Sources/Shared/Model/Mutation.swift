/// One accepted change to one task of one user: what ingest puts on a lane and a worker applies.
package struct Mutation: Equatable, Sendable {
    package enum Operation: UInt8, CaseIterable, Sendable {
        case create = 1
        case update, complete, delete

        /// The word in a lane entry and in bulk lines.
        package var name: StaticString {
            switch self {
            case .create: "create"
            case .update: "update"
            case .complete: "complete"
            case .delete: "delete"
            }
        }

        /// The word in request resources, metrics and PostgreSQL: `task.create` …
        package var qualifiedName: StaticString {
            switch self {
            case .create: "task.create"
            case .update: "task.update"
            case .complete: "task.complete"
            case .delete: "task.delete"
            }
        }

        package init?(name: Span<UInt8>) {
            guard let found = Operation.allCases.first(where: { name.isEqual(to: $0.name) }) else {
                return nil
            }
            self = found
        }

        package init?(qualifiedName: Span<UInt8>) {
            guard let found = Operation.allCases.first(where: { name(qualifiedName, is: $0) }) else {
                return nil
            }
            self = found
            func name(_ text: Span<UInt8>, is operation: Operation) -> Bool {
                text.isEqual(to: operation.qualifiedName)
            }
        }
    }

    /// What is to be done; the fields were validated by ingest.
    package enum Change: Equatable, Sendable {
        case create(NewTask)
        case update(TaskPatch)
        case complete(Bool)
        case toggle
        case delete

        package var operation: Operation {
            switch self {
            case .create: .create
            case .update: .update
            case .complete, .toggle: .complete
            case .delete: .delete
            }
        }
    }

    /// `If-Match`: judged by the worker, inside the transaction.
    package enum Precondition: Equatable, Sendable {
        /// `*`: the task exists.
        case exists
        /// The task's version is one of these. Tags that are nobody's version are dropped by ingest; an empty list never matches.
        case versions([Int32])
    }

    package var id: UUID
    package var user: UserID
    package var task: UUID
    /// When ingest accepted it; becomes `created_at` and `updated_at`.
    package var acceptedAt: Timestamp
    package var change: Change
    package var precondition: Precondition?
    /// The 32 hexadecimal digits of the W3C trace id that the client sent.
    package var traceID: [UInt8]?
    /// 0 as accepted; one more with each redrive from the dead letters.
    package var redrive: Int16
    /// A redrive that does not ask whether a later change has overtaken it.
    package var force: Bool
    /// The claims of the token, for the user's row.
    package var email: [UInt8]?
    package var name: [UInt8]?

    // In line, or it would be put together, copied out and destroyed.
    @inline(__always)
    package init(
        id: UUID, user: UserID, task: UUID, acceptedAt: Timestamp, change: Change,
        precondition: Precondition? = nil, traceID: [UInt8]? = nil, redrive: Int16 = 0, force: Bool = false,
        email: [UInt8]? = nil, name: [UInt8]? = nil
    ) {
        self.id = id
        self.user = user
        self.task = task
        self.acceptedAt = acceptedAt
        self.change = change
        self.precondition = precondition
        self.traceID = traceID
        self.redrive = redrive
        self.force = force
        self.email = email
        self.name = name
    }
}

/// The fields of a task to be created.
package struct NewTask: Equatable, Sendable {
    package var title: [UInt8]
    package var description: [UInt8]?
    package var completed: Bool
    package var priority: Priority?
    package var dueAt: Timestamp?

    package init(
        title: [UInt8], description: [UInt8]? = nil, completed: Bool = false, priority: Priority? = nil,
        dueAt: Timestamp? = nil
    ) {
        self.title = title
        self.description = description
        self.completed = completed
        self.priority = priority
        self.dueAt = dueAt
    }
}

/// Changes to some fields; what is nil stays. For fields that may be null, `.some(nil)` clears.
package struct TaskPatch: Equatable, Sendable {
    package var title: [UInt8]?
    package var description: [UInt8]??
    package var completed: Bool?
    package var priority: Priority??
    package var dueAt: Timestamp??

    package init(
        title: [UInt8]? = nil, description: [UInt8]?? = nil, completed: Bool? = nil,
        priority: Priority?? = nil,
        dueAt: Timestamp?? = nil
    ) {
        self.title = title
        self.description = description
        self.completed = completed
        self.priority = priority
        self.dueAt = dueAt
    }

    package var isEmpty: Bool {
        title == nil && description == nil && completed == nil && priority == nil && dueAt == nil
    }
}
