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
        try read(body, .creation(takesID: true)) { ($0.takeTask(), $0.id) }
    }

    /// The changes of `PUT` and `PATCH …/tasks/{id}`: absent members stay as they are.
    func change(_ body: Span<UInt8>) throws(BodyRefusal) -> TaskPatch {
        try read(body, .change) { $0.patch }
    }

    /// What `PATCH …/complete` asks for: nothing at all toggles, `{"completed":bool}` sets.
    func completion(_ body: Span<UInt8>) throws(BodyRefusal) -> Mutation.Change {
        guard body.count > 0 else { return .toggle }
        let completed = try read(body, .completion) { $0.patch.completed }
        return completed.map { .complete($0) } ?? .toggle
    }

    @inline(__always)
    private func read<Value>(
        _ body: Span<UInt8>, _ shape: TaskFields.Shape, _ take: (inout TaskFields) -> Value
    ) throws(BodyRefusal) -> Value {
        let outcome: Swift.Result<Value, BodyRefusal>
        do throws(JSONError) {
            outcome = try reader.read(body) { (document) throws(BodyRefusal) in
                var faults = FaultList()
                var fields = TaskFields(document, at: document.root, shape: shape, faults: &faults)
                guard faults.isEmpty else { throw BodyRefusal(faults) }
                return take(&fields)
            }
        } catch { throw BodyRefusal(error) }
        return try outcome.get()
    }
}
