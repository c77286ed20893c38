extension JSONWriter {
    /// Appends a task from its parts, as API.md §2 shows it: for a task that is in a row and need not be a `TaskItem`.
    ///
    /// A page of a list has up to two hundred, each with ten members: its room is asked for once, and the fixed text
    /// between two values is one piece.
    package mutating func task(
        _ id: UUID, of user: UserID, title: Span<UInt8>, description: Span<UInt8>?, completed: Bool,
        priority: Priority?, dueAt: Timestamp?, version: Int32, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        let texts = user.bytes.count + title.count + (description?.count ?? 0)
        // Looked at first: with room for escapes that are not there, a result would outgrow the writer and be copied.
        let isPlain =
            user.bytes.span.isFreeOfEscapes && title.isFreeOfEscapes && description?.isFreeOfEscapes ?? true
        value(upTo: JSONWriter.taskBytesMax + (isPlain ? 1 : JSONWriter.escapeBytesMax) * texts) { json in
            json.append("{\"id\":\"")
            unsafe json.append(count: UUID.textCount) { unsafe id.writeText(to: $0) }
            json.append("\",\"user_id\":")
            json.appendJSON(user.bytes.span, isPlain: isPlain)
            json.append(",\"title\":")
            json.appendJSON(title, isPlain: isPlain)
            json.append(",\"description\":")
            if let description { json.appendJSON(description, isPlain: isPlain) } else { json.append("null") }
            json.append(completed ? ",\"completed\":true" : ",\"completed\":false")
            switch priority {
            case .low?: json.append(",\"priority\":\"low\",\"due_at\":")
            case .medium?: json.append(",\"priority\":\"medium\",\"due_at\":")
            case .high?: json.append(",\"priority\":\"high\",\"due_at\":")
            case nil: json.append(",\"priority\":null,\"due_at\":")
            }
            if let dueAt { json.appendJSON(dueAt) } else { json.append("null") }
            json.append(",\"version\":")
            json.appendDecimal(Int64(version))
            json.append(",\"created_at\":")
            json.appendJSON(createdAt)
            json.append(",\"updated_at\":")
            json.appendJSON(updatedAt)
            json.append("}")
        }
    }

    /// More than all of a task but its texts: names and signs are 160 bytes, the values 36 + 3 × 29 + 11 + 5 + 8.
    private static let taskBytesMax = 384
    /// Bytes that one of a text may become: `\u0001`.
    private static let escapeBytesMax = 6
}

extension OutputSpan<UInt8> {
    /// Appends a time as a string.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func appendJSON(_ time: Timestamp) {
        append(UInt8(ascii: "\""))
        unsafe append(count: Timestamp.textCount) { unsafe time.writeText(to: $0) }
        append(UInt8(ascii: "\""))
    }

    /// Appends a string from valid UTF-8: whole where nothing in it must be escaped, as `isPlain` may say already.
    @_lifetime(self: copy self)
    fileprivate mutating func appendJSON(_ text: Span<UInt8>, isPlain: Bool) {
        guard isPlain || text.isFreeOfEscapes else {
            var escaped = JSONWriter(capacity: text.count * 2)
            escaped.string(text)
            return append(escaped.bytes.span)
        }
        append(UInt8(ascii: "\""))
        append(text)
        append(UInt8(ascii: "\""))
    }
}

extension Span<UInt8> {
    /// True for a text that JSON takes as it stands, between quotes (RFC 8259 §7).
    var isFreeOfEscapes: Bool {
        isFree(0..<count) { $0.hasEscapedInJSON }
    }
}
