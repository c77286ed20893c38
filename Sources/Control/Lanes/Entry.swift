import Shared

/// One lane entry as it lies in Redis, decoded where it can be.
struct Entry {
    let bytes: [UInt8]
    let mutation: Mutation?

    init(_ bytes: [UInt8], reader: JSONReader) {
        self.bytes = bytes
        do throws(UndecodableEntry) {
            mutation = try Mutation(entry: bytes.span, reader: reader)
        } catch { mutation = nil }
    }

    /// Its request id; for an undecodable one the id that its dead letter will have.
    var id: UUID {
        mutation?.id ?? UUID(hash: SHA256.hash(bytes).bytes.span)
    }

    /// `create`, … or `undecodable`.
    var operation: String { mutation.map { "\($0.change.operation.name)" } ?? "undecodable" }

    /// What would change, short: a title, the fields of an update.
    var gist: String {
        guard let mutation else {
            return Readable.printable(String(decoding: bytes, as: UTF8.self), limit: 60)
        }
        switch mutation.change {
        case .create(let task): return "title " + quoted(task.title)
        case .update(let patch):
            var parts: [String] = []
            if let title = patch.title { parts.append("title " + quoted(title)) }
            if patch.description != nil { parts.append("description") }
            if let completed = patch.completed { parts.append("completed \(completed)") }
            if patch.priority != nil { parts.append("priority") }
            if patch.dueAt != nil { parts.append("due_at") }
            return parts.joined(separator: ", ")
        case .complete(let completed): return "completed \(completed)"
        case .toggle: return "toggle"
        case .delete: return ""
        }
    }

    private func quoted(_ text: [UInt8]) -> String {
        "\"" + Readable.printable(String(decoding: text, as: UTF8.self), limit: 40) + "\""
    }
}
