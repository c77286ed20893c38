import Shared

/// A mutation as it was decoded, shared by reference: it has seven members that are counted, and each pass over a batch
/// would count them all up and down for every entry (measured: a fifth of a worker's CPU).
final class DecodedMutation: Sendable {
    let value: Mutation
    let operation: Mutation.Operation

    init(_ value: Mutation) {
        self.value = value
        operation = value.change.operation
    }

    var id: UUID { value.id }
    var user: UserID { value.user }
    var task: UUID { value.task }
    var redrive: Int16 { value.redrive }
    var force: Bool { value.force }
}
