internal import Shared

/// The members of a task as a client sent them, checked; faults go to a list, so that all are reported at once.
struct TaskFields: Equatable {
    /// Which members the content may have.
    enum Shape {
        /// All fields, `title` required; `takesID` where the client may choose the id beside them.
        case creation(takesID: Bool)
        /// Some fields, at least one.
        case change
        /// `completed` alone, required.
        case completion
    }

    var patch = TaskPatch()
    var id: UUID?

    private enum Member: UInt8 {
        case title, description, completed, priority, dueAt, id

        init?(_ name: Span<UInt8>) {
            switch name.count {
            case 2 where name.isEqual(to: "id"): self = .id
            case 5 where name.isEqual(to: "title"): self = .title
            case 6 where name.isEqual(to: "due_at"): self = .dueAt
            case 8 where name.isEqual(to: "priority"): self = .priority
            case 9 where name.isEqual(to: "completed"): self = .completed
            case 11 where name.isEqual(to: "description"): self = .description
            default: return nil
            }
        }
    }

    private var seen: UInt8 = 0

    init(
        _ document: borrowing JSONDocument, at place: Int, shape: Shape, faults: inout FaultList
    ) {
        readMembers(document, at: place, shape: shape, faults: &faults)
    }

    private mutating func readMembers(
        _ document: borrowing JSONDocument, at place: Int, shape: Shape, faults: inout FaultList
    ) {
        guard case .object = document.kind(at: place) else {
            faults.add(.wrongType, "must be a JSON object")
            return
        }
        document.forEachMember(of: place) { key, value in
            let member = document.withString(at: key) { name in
                TaskFields.member(name, shape: shape, faults: &faults)
            }
            guard let member else { return }
            guard seen & (1 << member.rawValue) == 0 else {
                return document.withString(at: key) {
                    faults.add($0, .duplicateMember, "must be given once")
                }
            }
            seen |= 1 << member.rawValue
            read(member, document, at: value, faults: &faults)
        }
        checkPresence(shape, faults: &faults)
    }

    private func has(_ member: Member) -> Bool { seen & (1 << member.rawValue) != 0 }

    private func checkPresence(_ shape: Shape, faults: inout FaultList) {
        switch shape {
        case .creation where !has(.title): faults.add("title", .required, "is required")
        case .completion where !has(.completed): faults.add("completed", .required, "is required")
        case .change where seen == 0:
            faults.add(.required, "must have at least one of title, description, completed, priority, due_at")
        default: break
        }
    }

    /// The member of that name where `shape` takes it; else a fault.
    private static func member(_ name: Span<UInt8>, shape: Shape, faults: inout FaultList) -> Member? {
        let member = Member(name)
        switch (shape, member) {
        case (.creation(takesID: true), .id?), (.completion, .completed?): return member
        case (.creation, .some(let member)) where member != .id: return member
        case (.change, .some(let member)) where member != .id: return member
        default: break
        }
        if member == .id || isReadOnly(name) {
            faults.add(name, .readOnly, "cannot be set here")
        } else {
            faults.add(name, .unknownMember, "is not a member that is known here")
        }
        return nil
    }

    private static func isReadOnly(_ name: Span<UInt8>) -> Bool {
        name.isEqual(to: "user_id") || name.isEqual(to: "version") || name.isEqual(to: "created_at")
            || name.isEqual(to: "updated_at")
    }

    private mutating func read(
        _ member: Member, _ document: borrowing JSONDocument, at place: Int, faults: inout FaultList
    ) {
        let kind = document.kind(at: place)
        switch (member, kind) {
        case (.title, .string):
            document.withString(at: place) { TextRule.title.check($0, name: "title", faults: &faults) }
            patch.title = document.string(at: place)
        case (.description, .string):
            document.withString(at: place) {
                TextRule.description.check($0, name: "description", faults: &faults)
            }
            patch.description = .some(document.string(at: place))
        case (.description, .null): patch.description = .some(nil)
        case (.completed, .boolean(let completed)): patch.completed = completed
        case (.priority, .null): patch.priority = .some(nil)
        case (.priority, .string): readPriority(document, at: place, faults: &faults)
        case (.dueAt, .null): patch.dueAt = .some(nil)
        case (.dueAt, .string):
            let time = document.withString(at: place) { Timestamp(rfc3339: $0) }
            patch.dueAt = .some(time)
            guard time == nil else { return }
            faults.add("due_at", .invalidTime, "must be an RFC 3339 time with an offset")
        case (.id, .string):
            id = document.withString(at: place) { UUID(text: $0) }
            if id == nil { faults.add("id", .invalidUUID, "must be a UUID") }
        default: wrongType(member, faults: &faults)
        }
    }

    private mutating func readPriority(
        _ document: borrowing JSONDocument, at place: Int, faults: inout FaultList
    ) {
        let priority = document.withString(at: place) { Priority(name: $0) }
        patch.priority = .some(priority)
        guard priority == nil else { return }
        faults.add("priority", .invalidValue, "must be one of low, medium, high, or null")
    }

    private func wrongType(_ member: Member, faults: inout FaultList) {
        switch member {
        case .title: faults.add("title", .wrongType, "must be a string")
        case .description: faults.add("description", .wrongType, "must be a string or null")
        case .completed: faults.add("completed", .wrongType, "must be true or false")
        case .priority: faults.add("priority", .wrongType, "must be one of low, medium, high, or null")
        case .dueAt: faults.add("due_at", .wrongType, "must be an RFC 3339 time with an offset, or null")
        case .id: faults.add("id", .wrongType, "must be a UUID")
        }
    }

    /// Gives the task to be created away; call only where no fault was found.
    mutating func takeTask() -> NewTask {
        NewTask(
            title: patch.title.take() ?? [], description: patch.description.take() ?? nil,
            completed: patch.completed ?? false, priority: patch.priority ?? nil, dueAt: patch.dueAt ?? nil)
    }
}
