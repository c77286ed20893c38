internal import Shared

/// One operation of a bulk: `{"op", "id"?, "if_match"?, "idempotency_key"?, "data"?}`.
struct BulkOperation {
    private enum Member: UInt8 {
        case op, id, ifMatch, key, data

        init?(_ name: Span<UInt8>) {
            if name.isEqual(to: "op") {
                self = .op
            } else if name.isEqual(to: "id") {
                self = .id
            } else if name.isEqual(to: "if_match") {
                self = .ifMatch
            } else if name.isEqual(to: "idempotency_key") {
                self = .key
            } else if name.isEqual(to: "data") {
                self = .data
            } else {
                return nil
            }
        }
    }

    private var places: [Int?] = Array(repeating: nil, count: 5)
    /// The operation; nil where a fault was added.
    private(set) var intent: Intent?

    init(_ document: borrowing JSONDocument, at place: Int, faults: inout FaultList) {
        guard case .object = document.kind(at: place) else {
            faults.add(.wrongType, "must be a JSON object")
            return
        }
        document.forEachMember(of: place) { key, value in
            document.withString(at: key) { name in
                guard let member = Member(name) else {
                    return faults.add(name, .unknownMember, "is not a member of an operation")
                }
                guard places[Int(member.rawValue)] == nil else {
                    return faults.add(name, .duplicateMember, "must be given once")
                }
                places[Int(member.rawValue)] = value
            }
        }
        let before = faults.total
        let id = readID(document, faults: &faults)
        let condition = readCondition(document, faults: &faults)
        let key = readKey(document, faults: &faults)
        guard let operation = readOperation(document, faults: &faults) else { return }
        let change = readChange(operation, document, faults: &faults)
        if operation != .create, self.place(.id) == nil {
            faults.add("id", .required, "is required for this operation")
        }
        guard let change, faults.total == before else { return }
        intent = Intent(change: change, task: id, condition: condition, key: key)
    }

    private func place(_ member: Member) -> Int? { places[Int(member.rawValue)] }

    private func readOperation(
        _ document: borrowing JSONDocument, faults: inout FaultList
    ) -> Mutation.Operation? {
        let rule = "must be one of create, update, complete, delete"
        guard let place = place(.op) else {
            faults.add("op", .required, "is required")
            return nil
        }
        guard document.kind(at: place) == .string else {
            faults.add("op", .wrongType, rule)
            return nil
        }
        let operation = document.withString(at: place) { Mutation.Operation(name: $0) }
        if operation == nil { faults.add("op", .invalidValue, rule) }
        return operation
    }

    private func readID(_ document: borrowing JSONDocument, faults: inout FaultList) -> UUID? {
        guard let place = place(.id) else { return nil }
        guard document.kind(at: place) == .string else {
            faults.add("id", .wrongType, "must be a UUID")
            return nil
        }
        let id = document.withString(at: place) { UUID(text: $0) }
        if id == nil { faults.add("id", .invalidUUID, "must be a UUID") }
        return id
    }

    private func readCondition(
        _ document: borrowing JSONDocument, faults: inout FaultList
    ) -> TagCondition? {
        guard let place = place(.ifMatch) else { return nil }
        guard let text = document.string(at: place) else {
            faults.add("if_match", .wrongType, "must be a string such as \"v3\" with its quotes, or *")
            return nil
        }
        let condition = TagCondition(values: [text])
        if condition == nil {
            faults.add("if_match", .invalidValue, "must be a list of entity tags with their quotes, or *")
        }
        return condition
    }

    private func readKey(_ document: borrowing JSONDocument, faults: inout FaultList) -> IdempotencyKey? {
        guard let place = place(.key) else { return nil }
        let rule = "must be a string of 1 to 255 visible ASCII characters"
        guard let text = document.string(at: place) else {
            faults.add("idempotency_key", .wrongType, rule)
            return nil
        }
        let key = IdempotencyKey(text)
        if key == nil { faults.add("idempotency_key", .invalidValue, rule, limit: IdempotencyKey.bytesMax) }
        return key
    }

    private func readChange(
        _ operation: Mutation.Operation, _ document: borrowing JSONDocument, faults: inout FaultList
    ) -> Mutation.Change? {
        let shape: TaskFields.Shape
        switch operation {
        case .create: shape = .creation(takesID: false)
        case .update: shape = .change
        case .complete: shape = .completion
        case .delete:
            if place(.data) != nil { faults.add("data", .unknownMember, "is not taken by a delete") }
            return .delete
        }
        guard let place = place(.data) else {
            faults.add("data", .required, "is required for this operation")
            return nil
        }
        let base = faults.base
        faults.base = base + Array("/data".utf8)
        defer { faults.base = base }
        let before = faults.total
        var fields = TaskFields(document, at: place, shape: shape, faults: &faults)
        guard faults.total == before else { return nil }
        switch operation {
        case .create: return .create(fields.takeTask())
        case .update: return .update(fields.patch)
        case .complete: return fields.patch.completed.map { .complete($0) }
        case .delete: return .delete
        }
    }
}
