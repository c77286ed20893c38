internal import Shared

/// The answers to a bulk: 202 or 200, and 207 where some lines were taken and others not.
struct BulkAnswer {
    let items: [BulkItem]
    /// Numbers of the lines that were not taken.
    let badLines: [Int]
    let faults: [Fault]

    /// 422 with the lines whose keys stand for other requests.
    static func reused(_ items: [BulkItem]) -> Problem {
        let faults = items.map { item in
            Fault(
                line: item.line, pointer: Array("#/idempotency_key".utf8), code: .keyReused,
                detail: "was used for another request")
        }
        return Problem(
            .idempotencyKeyReused, detail: "nothing was queued: see errors",
            members: FaultList.members(faults, omitted: 0))
    }

    func accepted() -> Response {
        var response = Response.json(isMixed ? 207 : 202, body { _, _ in })
        response.headers.append("Retry-After: 1\r\n")
        return response
    }

    /// - Parameter verdicts: the resource of each request, as JSON.
    func done(_ verdicts: [UUID: [UInt8]]) -> Response {
        let reader = JSONReader()
        return Response.json(
            isMixed ? 207 : 200,
            body { item, json in
                guard let text = verdicts[item.mutation.id],
                    let resource = RequestResource(text.span, user: item.mutation.user, reader: reader)
                else { return }
                json.key("status")
                json.string(resource.status)
                resource.encodeVerdict(to: &json)
            })
    }

    private var isMixed: Bool { !badLines.isEmpty || items.contains(where: \.isReused) }

    /// The items in the order of lines, good and bad; `more` adds to a good one.
    private func body(_ more: (BulkItem, inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + (items.count + badLines.count) * 128)
        json.beginObject()
        json.key("accepted")
        json.integer(items.count { !$0.isReused })
        json.key("items")
        json.beginArray()
        var bad = badLines[...]
        var fault = 0
        for item in items {
            while let line = bad.first, line < item.line {
                write(badLine: line, &fault, to: &json)
                bad.removeFirst()
            }
            write(item, more, to: &json)
        }
        for line in bad { write(badLine: line, &fault, to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func write(
        _ item: BulkItem, _ more: (BulkItem, inout JSONWriter) -> Void, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("line")
        json.integer(item.line)
        if item.isReused {
            write(error: .idempotencyKeyReused, to: &json) { _ in }
        } else {
            json.key("id")
            json.uuid(item.mutation.id)
            json.key("task_id")
            json.uuid(item.mutation.task)
            if item.isReplayed {
                json.key("replayed")
                json.boolean(true)
            }
            more(item, &json)
        }
        json.endObject()
    }

    /// - Parameter fault: the place of the line's first fault; faults are in the order of lines.
    private func write(badLine line: Int, _ fault: inout Int, to json: inout JSONWriter) {
        json.beginObject()
        json.key("line")
        json.integer(line)
        let first = fault
        while fault < faults.count, faults[fault].line == line { fault += 1 }
        let own = faults[first..<fault]
        write(error: .validationFailed, to: &json) { json in
            json.key("errors")
            json.beginArray()
            for fault in own { fault.encode(to: &json) }
            json.endArray()
        }
        json.endObject()
    }

    private func write(
        error type: ProblemType, to json: inout JSONWriter, _ more: (inout JSONWriter) -> Void
    ) {
        json.key("status")
        json.integer(type.status)
        json.key("error")
        json.beginObject()
        json.key("type")
        json.string("/problems/\(type.slug)")
        json.key("code")
        json.string(type.slug)
        json.key("title")
        json.string(type.title)
        json.key("status")
        json.integer(type.status)
        more(&json)
        json.endObject()
    }
}
