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

    private init(_ document: borrowing JSONDocument) throws(UndecodableEntry) {
        let root = document.root
        guard case .object = document.kind(at: root) else { throw .notJSON }
        guard let id = document.uuid("id", of: root) else { throw .member("id") }
        guard let user = document.bytes("user", of: root).flatMap({ UserID($0) }) else {
            throw .member("user")
        }
        guard let task = document.uuid("task", of: root) else { throw .member("task") }
        guard let at = document.integer("at", of: root) else { throw .member("at") }
        let redrive = document.integer("redrive", of: root) ?? 0
        guard let redrive = Int16(exactly: redrive), redrive >= 0 else { throw .member("redrive") }
        self.init(
            id: id, user: user, task: task, acceptedAt: Timestamp(micros: at),
            change: try Mutation.change(document),
            precondition: try Mutation.precondition(document), traceID: document.bytes("trace", of: root),
            redrive: redrive, force: document.boolean("force", of: root) ?? false,
            email: document.bytes("email", of: root), name: document.bytes("name", of: root))
    }

    private static func change(_ document: borrowing JSONDocument) throws(UndecodableEntry) -> Change {
        guard let place = document.member("op", of: document.root), document.kind(at: place) == .string,
            let operation = document.withString(at: place, { Operation(name: $0) })
        else { throw .member("op") }
        let data = document.member("data", of: document.root)
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
        var patch = TaskPatch()
        if let place = document.member("title", of: data) {
            guard let title = document.string(at: place) else { throw .member("data.title") }
            patch.title = title
        }
        if let place = document.member("description", of: data) {
            let text = document.string(at: place)
            guard text != nil || document.kind(at: place) == .null else { throw .member("data.description") }
            patch.description = .some(text)
        }
        if let place = document.member("completed", of: data) {
            guard case .boolean(let completed) = document.kind(at: place) else {
                throw .member("data.completed")
            }
            patch.completed = completed
        }
        if let place = document.member("priority", of: data) {
            let priority = document.string(at: place).flatMap { Priority(name: $0.span) }
            guard priority != nil || document.kind(at: place) == .null else { throw .member("data.priority") }
            patch.priority = .some(priority)
        }
        if let place = document.member("due_at", of: data) {
            switch document.kind(at: place) {
            case .integer(let micros): patch.dueAt = .some(Timestamp(micros: micros))
            case .null: patch.dueAt = .some(nil)
            default: throw .member("data.due_at")
            }
        }
        return patch
    }

    private static func precondition(_ document: borrowing JSONDocument) throws(UndecodableEntry)
        -> Precondition?
    {
        guard let place = document.member("if", of: document.root) else { return nil }
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
        guard let value = member(name, of: place), kind(at: value) == .string else { return nil }
        return withString(at: value) { UUID(text: $0) }
    }
}
