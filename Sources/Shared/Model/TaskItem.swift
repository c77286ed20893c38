/// How urgent a task is.
package enum Priority: UInt8, CaseIterable, Sendable {
    case low = 1
    case medium, high

    package var name: StaticString {
        switch self {
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        }
    }

    /// Nil for any other word.
    package init?(name: Span<UInt8>) {
        guard let found = Priority.allCases.first(where: { name.isEqual(to: $0.name) }) else { return nil }
        self = found
    }
}

/// One task of one user as PostgreSQL keeps it (API.md §2). Texts are valid UTF-8 without U+0000.
package struct TaskItem: Equatable, Sendable {
    package var user: UserID
    package var id: UUID
    package var title: [UInt8]
    package var description: [UInt8]?
    package var completed: Bool
    package var priority: Priority?
    package var dueAt: Timestamp?
    /// 1 at creation, one more for each applied mutation.
    package var version: Int32
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        user: UserID, id: UUID, title: [UInt8], description: [UInt8]? = nil, completed: Bool = false,
        priority: Priority? = nil, dueAt: Timestamp? = nil, version: Int32 = 1, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.user = user
        self.id = id
        self.title = title
        self.description = description
        self.completed = completed
        self.priority = priority
        self.dueAt = dueAt
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// Appends the task as API.md §2 shows it.
    package func encode(to json: inout JSONWriter) {
        json.task(
            id, of: user, title: title.span, description: description?.span, completed: completed,
            priority: priority, dueAt: dueAt, version: version, createdAt: createdAt, updatedAt: updatedAt)
    }

    /// Reads what `encode` wrote; nil for anything else.
    package init?(_ document: borrowing JSONDocument, at place: Int) {
        guard let user = document.bytes("user_id", of: place).flatMap({ UserID($0) }),
            let id = document.bytes("id", of: place).flatMap({ UUID($0) }),
            let title = document.bytes("title", of: place),
            let completed = document.boolean("completed", of: place),
            let version = document.integer("version", of: place).flatMap({ Int32(exactly: $0) }),
            let createdAt = document.timestamp("created_at", of: place),
            let updatedAt = document.timestamp("updated_at", of: place)
        else { return nil }
        self.init(
            user: user, id: id, title: title, description: document.bytes("description", of: place),
            completed: completed,
            priority: document.bytes("priority", of: place).flatMap { Priority(name: $0.span) },
            dueAt: document.timestamp("due_at", of: place), version: version, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}

extension JSONDocument {
    /// The string member `name` of the object at `place`; nil when absent or no string.
    package func bytes(_ name: StaticString, of place: Int) -> [UInt8]? {
        bytes(at: member(name, of: place))
    }

    /// The string at `place`; nil where there is no place, or no string.
    package func bytes(at place: Int?) -> [UInt8]? { place.flatMap { string(at: $0) } }

    /// The integer member `name` of the object at `place`; nil when absent or not an integer of 64 bits.
    package func integer(_ name: StaticString, of place: Int) -> Int64? {
        integer(at: member(name, of: place))
    }

    /// The integer of 64 bits at `place`; nil where there is no place, or no such integer.
    package func integer(at place: Int?) -> Int64? {
        guard let place, case .integer(let number) = kind(at: place) else { return nil }
        return number
    }

    /// The boolean member `name` of the object at `place`; nil when absent or no boolean.
    package func boolean(_ name: StaticString, of place: Int) -> Bool? {
        boolean(at: member(name, of: place))
    }

    /// The boolean at `place`; nil where there is no place, or no boolean.
    package func boolean(at place: Int?) -> Bool? {
        guard let place, case .boolean(let flag) = kind(at: place) else { return nil }
        return flag
    }

    /// The RFC 3339 member `name` of the object at `place`; nil when absent or no time.
    package func timestamp(_ name: StaticString, of place: Int) -> Timestamp? {
        guard let value = member(name, of: place), kind(at: value) == .string else { return nil }
        return withString(at: value) { Timestamp(rfc3339: $0) }
    }
}
