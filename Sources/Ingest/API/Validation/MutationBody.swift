internal import Shared

/// Why a body is refused before any member of it is looked at.
enum BodyRefusal: Error, Equatable {
    case invalidJSON
    case tooDeep
    case faults([Fault], omitted: Int)

    init(_ list: FaultList) { self = .faults(list.faults, omitted: list.omitted) }

    init(_ error: JSONError) {
        switch error {
        case .invalid, .outOfMemory: self = .invalidJSON
        case .tooDeep: self = .tooDeep
        }
    }
}

/// Reads the bodies of the single mutations.
struct MutationBody {
    let reader: JSONReader

    /// The task that `POST …/tasks` describes, and the client's own id for it.
    func creation(_ body: Span<UInt8>) throws(BodyRefusal) -> (task: NewTask, id: UUID?) {
        let fields = try fields(body, .creation(takesID: true))
        return (fields.newTask, fields.id)
    }

    /// The changes of `PUT` and `PATCH …/tasks/{id}`: absent members stay as they are.
    func change(_ body: Span<UInt8>) throws(BodyRefusal) -> TaskPatch {
        try fields(body, .change).patch
    }

    /// What `PATCH …/complete` asks for: nothing at all toggles, `{"completed":bool}` sets.
    func completion(_ body: Span<UInt8>) throws(BodyRefusal) -> Mutation.Change {
        guard body.count > 0 else { return .toggle }
        guard let completed = try fields(body, .completion).patch.completed else { return .toggle }
        return .complete(completed)
    }

    private func fields(
        _ body: Span<UInt8>, _ shape: TaskFields.Shape
    ) throws(BodyRefusal) -> TaskFields {
        let outcome: Swift.Result<TaskFields, BodyRefusal>
        do throws(JSONError) {
            outcome = try reader.read(body) { (document) throws(BodyRefusal) in
                var faults = FaultList()
                let fields = TaskFields(document, at: document.root, shape: shape, faults: &faults)
                guard faults.isEmpty else { throw BodyRefusal(faults) }
                return fields
            }
        } catch { throw BodyRefusal(error) }
        return try outcome.get()
    }
}
