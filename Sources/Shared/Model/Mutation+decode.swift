/// Why a lane entry is not a mutation; such an entry is dead-lettered by itself and stops nothing.
package enum UndecodableEntry: Error, Equatable, Sendable {
    case notJSON
    /// The member that is missing or has the wrong form.
    case member(String)
}

extension Mutation {
    /// Reads a lane entry. Unknown members are passed over, so that an older worker can read a newer ingest.
    package init(entry: Span<UInt8>, reader: JSONReader) throws(UndecodableEntry) {
        let outcome: Swift.Result<Mutation, UndecodableEntry>
        do throws(JSONError) {
            outcome = try reader.read(entry) { (document) throws(UndecodableEntry) in try Mutation(document) }
        } catch { throw .notJSON }
        self = try outcome.get()
    }

    /// Takes the members in the order in which `encode` writes them.
    private init(_ document: borrowing JSONDocument) throws(UndecodableEntry) {
        guard case .object = document.kind(at: document.root) else { throw .notJSON }
        var members = document.members(of: document.root)
        guard let id = document.uuid(at: document.take("id", from: &members)) else { throw .member("id") }
        guard let place = document.take("op", from: &members), document.kind(at: place) == .string,
            let operation = document.withString(at: place, { Operation(name: $0) })
        else { throw .member("op") }
        guard let user = document.bytes(at: document.take("user", from: &members)).flatMap({ UserID($0) })
        else { throw .member("user") }
        guard let task = document.uuid(at: document.take("task", from: &members)) else {
            throw .member("task")
        }
        guard let at = document.integer(at: document.take("at", from: &members)) else { throw .member("at") }
        let change = try Mutation.change(
            operation, document, data: document.take("data", from: &members))
        let precondition = try Mutation.precondition(document, at: document.take("if", from: &members))
        let trace = document.bytes(at: document.take("trace", from: &members))
        let number = document.integer(at: document.take("redrive", from: &members)) ?? 0
        guard let redrive = Int16(exactly: number), redrive >= 0 else { throw .member("redrive") }
        let force = document.boolean(at: document.take("force", from: &members)) ?? false
        let email = document.bytes(at: document.take("email", from: &members))
        let name = document.bytes(at: document.take("name", from: &members))
        self.init(
            id: id, user: user, task: task, acceptedAt: Timestamp(micros: at), change: change,
            precondition: precondition, traceID: trace, redrive: redrive, force: force, email: email,
            name: name)
    }

    private static func change(
        _ operation: Operation, _ document: borrowing JSONDocument, data: Int?
    ) throws(UndecodableEntry) -> Change {
        switch (operation, data) {
        case (.create, .some(let data)):
            let fields = try fields(document, at: data)
            guard let title = fields.title else { throw .member("data.title") }
            return .create(
                NewTask(
                    title: title, description: fields.description ?? nil,
                    completed: fields.completed ?? false,
                    priority: fields.priority ?? nil, dueAt: fields.dueAt ?? nil))
        case (.update, .some(let data)): return .update(try fields(document, at: data))
        case (.complete, .some(let data)):
            guard let completed = try fields(document, at: data).completed else {
                throw .member("data.completed")
            }
            return .complete(completed)
        case (.complete, .none): return .toggle
        case (.delete, _): return .delete
        case (.create, .none), (.update, .none): throw .member("data")
        }
    }

    private static func fields(
        _ document: borrowing JSONDocument, at data: Int
    ) throws(UndecodableEntry) -> TaskPatch {
        guard case .object = document.kind(at: data) else { throw .member("data") }
        var members = document.members(of: data)
        var patch = TaskPatch()
        if let place = document.take("title", from: &members) {
            guard let title = document.string(at: place) else { throw .member("data.title") }
            patch.title = title
        }
        if let place = document.take("description", from: &members) {
            let text = document.string(at: place)
            guard text != nil || document.kind(at: place) == .null else { throw .member("data.description") }
            patch.description = .some(text)
        }
        if let place = document.take("completed", from: &members) {
            guard case .boolean(let completed) = document.kind(at: place) else {
                throw .member("data.completed")
            }
            patch.completed = completed
        }
        if let place = document.take("priority", from: &members) {
            let priority = document.string(at: place).flatMap { Priority(name: $0.span) }
            guard priority != nil || document.kind(at: place) == .null else { throw .member("data.priority") }
            patch.priority = .some(priority)
        }
        if let place = document.take("due_at", from: &members) {
            switch document.kind(at: place) {
            case .integer(let micros): patch.dueAt = .some(Timestamp(micros: micros))
            case .null: patch.dueAt = .some(nil)
            default: throw .member("data.due_at")
            }
        }
        return patch
    }

    private static func precondition(
        _ document: borrowing JSONDocument, at place: Int?
    ) throws(UndecodableEntry) -> Precondition? {
        guard let place else { return nil }
        if document.kind(at: place) == .string, document.isString("*", at: place) { return .exists }
        guard case .array = document.kind(at: place) else { throw .member("if") }
        var versions: [Int32] = []
        try document.forEachElement(of: place) { (element) throws(UndecodableEntry) in
            guard case .integer(let number) = document.kind(at: element), let version = Int32(exactly: number)
            else {
                throw .member("if")
            }
            versions.append(version)
        }
        return .versions(versions)
    }
}

extension JSONDocument {
    /// The UUID member `name` of the object at `place`; nil when absent or no UUID.
    package func uuid(_ name: StaticString, of place: Int) -> UUID? {
        uuid(at: member(name, of: place))
    }

    /// The UUID at `place`; nil where there is no place, or no UUID.
    package func uuid(at place: Int?) -> UUID? {
        guard let place, kind(at: place) == .string else { return nil }
        return withString(at: place) { UUID(text: $0) }
    }
}
