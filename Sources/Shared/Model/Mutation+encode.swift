extension Mutation {
    /// The lane entry: compact JSON, readable with `redis-cli LRANGE`. Members that say nothing are left out.
    package func encode() -> [UInt8] {
        var json = JSONWriter(capacity: 320)
        encode(to: &json)
        return json.bytes
    }

    package func encode(to json: inout JSONWriter) {
        json.beginObject()
        json.key("id")
        json.uuid(id)
        json.key("op")
        json.string(change.operation.name)
        json.key("user")
        json.string(user.bytes)
        json.key("task")
        json.uuid(task)
        json.key("at")
        json.integer(acceptedAt.micros)
        encodeData(to: &json)
        encodePrecondition(to: &json)
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

    private func encodeData(to json: inout JSONWriter) {
        switch change {
        case .create(let task):
            json.key("data")
            encode(task, to: &json)
        case .update(let patch):
            json.key("data")
            encodeFields(patch, to: &json)
        case .complete(let completed):
            json.key("data")
            encodeFields(TaskPatch(completed: completed), to: &json)
        case .toggle, .delete: break
        }
    }

    private func encode(_ task: NewTask, to json: inout JSONWriter) {
        json.beginObject()
        json.key("title")
        json.string(task.title)
        if let description = task.description {
            json.key("description")
            json.string(description)
        }
        if task.completed {
            json.key("completed")
            json.boolean(true)
        }
        if let priority = task.priority {
            json.key("priority")
            json.string(priority.name)
        }
        if let dueAt = task.dueAt {
            json.key("due_at")
            json.integer(dueAt.micros)
        }
        json.endObject()
    }

    private func encodeFields(_ fields: TaskPatch, to json: inout JSONWriter) {
        json.beginObject()
        if let title = fields.title {
            json.key("title")
            json.string(title)
        }
        if let description = fields.description {
            json.key("description")
            if let description { json.string(description) } else { json.null() }
        }
        if let completed = fields.completed {
            json.key("completed")
            json.boolean(completed)
        }
        if let priority = fields.priority {
            json.key("priority")
            if let priority { json.string(priority.name) } else { json.null() }
        }
        if let dueAt = fields.dueAt {
            json.key("due_at")
            if let dueAt { json.integer(dueAt.micros) } else { json.null() }
        }
        json.endObject()
    }

    private func encodePrecondition(to json: inout JSONWriter) {
        guard let precondition else { return }
        json.key("if")
        switch precondition {
        case .exists: json.string("*")
        case .versions(let versions):
            json.beginArray()
            for version in versions { json.integer(version) }
            json.endArray()
        }
    }
}
