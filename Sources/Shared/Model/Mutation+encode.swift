extension Mutation {
    /// The lane entry: compact JSON, readable with `redis-cli LRANGE`. Members that say nothing are left out.
    package func encode() -> [UInt8] {
        var json = JSONWriter(capacity: 320)
        encode(to: &json)
        return json.bytes
    }

    package func encode(to json: inout JSONWriter) {
        Mutation.encode(
            id: UUIDText(id), user: user, task: UUIDText(task), acceptedAt: acceptedAt, change: change,
            precondition: precondition,
            traceID: traceID, redrive: redrive, force: force, email: email, name: name, to: &json)
    }

    /// The same from the parts of a mutation. Ingest has them apart: putting a mutation together, to be written and
    /// thrown away, would count the references of all of them twice.
    package static func encode(
        id: UUIDText, user: UserID, task: UUIDText, acceptedAt: Timestamp, change: Change,
        precondition: Precondition?, traceID: [UInt8]?, redrive: Int16 = 0, force: Bool = false,
        email: [UInt8]?, name: [UInt8]?, to json: inout JSONWriter
    ) {
        let operation = change.operation
        // None of these has anything to be escaped.
        json.beginObject(upTo: headBytesMax + user.bytes.count) { json in
            json.append("\"id\":\"")
            json.append(id.span)
            json.append("\",\"op\":\"")
            json.append(operation.name)
            json.append("\",\"user\":\"")
            json.append(user.bytes.span)
            json.append("\",\"task\":\"")
            json.append(task.span)
            json.append("\",\"at\":")
            json.appendDecimal(acceptedAt.micros)
        }
        change.encode(to: &json)
        precondition?.encode(to: &json)
        if let traceID {
            json.key("trace")
            json.string(traceID)
        }
        if redrive > 0 {
            json.key("redrive")
            json.integer(redrive)
        }
        if force {
            json.key("force")
            json.boolean(true)
        }
        if let email {
            json.key("email")
            json.string(email)
        }
        if let name {
            json.key("name")
            json.string(name)
        }
        json.endObject()
    }

    /// What the members from `id` to `at` come to at most, without the user.
    private static let headBytesMax = 160
}

extension Mutation.Change {
    fileprivate func encode(to json: inout JSONWriter) {
        switch self {
        case .create(let task):
            json.key("data")
            task.encode(to: &json)
        case .update(let patch):
            json.key("data")
            patch.encode(to: &json)
        case .complete(let completed):
            json.key("data")
            TaskPatch(completed: completed).encode(to: &json)
        case .toggle, .delete: break
        }
    }
}

extension NewTask {
    fileprivate func encode(to json: inout JSONWriter) {
        json.beginObject()
        json.key("title")
        json.string(title)
        if let description {
            json.key("description")
            json.string(description)
        }
        if completed {
            json.key("completed")
            json.boolean(true)
        }
        if let priority {
            json.key("priority")
            json.string(priority.name)
        }
        if let dueAt {
            json.key("due_at")
            json.integer(dueAt.micros)
        }
        json.endObject()
    }
}

extension TaskPatch {
    fileprivate func encode(to json: inout JSONWriter) {
        json.beginObject()
        if let title {
            json.key("title")
            json.string(title)
        }
        if let description {
            json.key("description")
            if let description { json.string(description) } else { json.null() }
        }
        if let completed {
            json.key("completed")
            json.boolean(completed)
        }
        if let priority {
            json.key("priority")
            if let priority { json.string(priority.name) } else { json.null() }
        }
        if let dueAt {
            json.key("due_at")
            if let dueAt { json.integer(dueAt.micros) } else { json.null() }
        }
        json.endObject()
    }
}

extension Mutation.Precondition {
    fileprivate func encode(to json: inout JSONWriter) {
        json.key("if")
        switch self {
        case .exists: json.string("*")
        case .versions(let versions):
            json.beginArray()
            for version in versions { json.integer(version) }
            json.endArray()
        }
    }
}
