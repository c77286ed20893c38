internal import Shared

/// The JSON Schemas of bodies and answers (API.md §2, §4, §5, §6).
enum OpenAPISchemas {
    static let components = Array(
        """
        {"Task":\(task),"NewTask":\(newTask),"TaskPatch":\(taskPatch),"Completion":\(completion),
        "BulkOperation":\(bulkOperation),
        "Bulk":{"type":"array","minItems":1,"maxItems":\(BulkBody.linesMax),"items":{"$ref":"#/components/schemas/BulkOperation"}},
        "BulkLines":{"type":"string","description":"One BulkOperation a line (NDJSON)"},
        "BulkAnswer":\(bulkAnswer),"TaskPage":\(page),"Request":\(request),
        "TaskOrRequest":{"anyOf":[{"$ref":"#/components/schemas/Task"},{"$ref":"#/components/schemas/Request"}]},
        "RequestList":\(requestList),"Profile":\(profile),"Problem":\(problem),"Fault":\(fault),
        "Health":{"type":"object","properties":{"status":{"enum":["ok","degraded","unavailable","draining"]}},
        "required":["status"],"additionalProperties":false},
        "Text":{"type":"string"},"Any":{"type":"object"}}
        """.utf8)

    static let uuid = #"{"type":"string","format":"uuid"}"#
    static let time = #"{"type":"string","format":"date-time"}"#
    static let userID =
        #"{"type":"string","pattern":"^[A-Za-z0-9_.:@-]{1,64}$","not":{"enum":["requests","users","auth","ops"]}}"#

    private static let title =
        #"{"type":"string","minLength":\#(TextRule.title.scalarsMin),"maxLength":\#(TextRule.title.scalarsMax),"#
        + #""pattern":"^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"}"#
    private static let description =
        #"{"type":["string","null"],"maxLength":\#(TextRule.description.scalarsMax),"#
        + #""pattern":"^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$"}"#
    private static let priority = #"{"enum":["low","medium","high",null]}"#
    private static let dueAt = #"{"type":["string","null"],"format":"date-time"}"#

    private static let task = """
        {"type":"object","properties":{"id":\(uuid),"user_id":\(userID),"title":\(title),
        "description":\(description),"completed":{"type":"boolean"},"priority":\(priority),"due_at":\(dueAt),
        "version":{"type":"integer","minimum":1},"created_at":\(time),"updated_at":\(time)},
        "required":["id","user_id","title","description","completed","priority","due_at","version","created_at","updated_at"],
        "additionalProperties":false}
        """

    private static let newTask = """
        {"type":"object","properties":{"id":\(uuid),"title":\(title),"description":\(description),
        "completed":{"type":"boolean"},"priority":\(priority),"due_at":\(dueAt)},
        "required":["title"],"additionalProperties":false}
        """

    private static let taskPatch = """
        {"type":"object","properties":{"title":\(title),"description":\(description),
        "completed":{"type":"boolean"},"priority":\(priority),"due_at":\(dueAt)},
        "minProperties":1,"additionalProperties":false}
        """

    private static let completion =
        #"{"type":"object","properties":{"completed":{"type":"boolean"}},"required":["completed"],"additionalProperties":false}"#

    private static let bulkOperation = #"""
        {"type":"object","properties":{"op":{"enum":["create","update","complete","delete"]},"id":\#(uuid),
        "if_match":{"type":"string"},"idempotency_key":{"type":"string","minLength":1,"maxLength":\#(IdempotencyKey.bytesMax)},
        "data":{"type":"object"}},"required":["op"],"additionalProperties":false}
        """#

    private static let bulkAnswer = """
        {"type":"object","properties":{"accepted":{"type":"integer","minimum":0},"items":{"type":"array","items":
        {"type":"object","properties":{"line":{"type":"integer","minimum":1},"id":\(uuid),"task_id":\(uuid),
        "replayed":{"const":true},"status":{"type":["string","integer"]},"result":{"type":"object"},
        "error":{"type":"object"}},"required":["line"],"additionalProperties":false}}},
        "required":["accepted","items"],"additionalProperties":false}
        """

    private static let page = """
        {"type":"object","properties":{"tasks":{"type":"array","maxItems":\(TaskListQuery.limitRange.upperBound),
        "items":{"$ref":"#/components/schemas/Task"}},"next_cursor":{"type":["string","null"]}},
        "required":["tasks","next_cursor"],"additionalProperties":false}
        """

    private static let request = """
        {"type":"object","properties":{"id":\(uuid),
        "status":{"enum":["queued","retrying","succeeded","failed","dead_lettered","unaccounted"]},
        "done":{"type":"boolean"},"operation":{"enum":["task.create","task.update","task.complete","task.delete"]},
        "task_id":\(uuid),"task_href":{"type":"string"},"submitted_at":\(time),"finished_at":\(time),
        "expires_at":\(time),"attempts":{"type":"integer","minimum":1},"next_attempt_at":\(time),
        "poll_after_ms":{"type":"integer","minimum":0},
        "result":{"type":"object","properties":{"status":{"type":"integer"},"etag":{"type":"string"},
        "task":{"$ref":"#/components/schemas/Task"}},"required":["status"]},
        "error":{"type":"object","properties":{"type":{"type":"string"},"code":{"type":"string"},
        "title":{"type":"string"},"status":{"type":"integer"},"etag":{"type":"string"},"reason":{"type":"string"}},
        "required":["type","code","title","status"]}},
        "required":["id","status","done","submitted_at"],"additionalProperties":false}
        """

    private static let requestList = """
        {"type":"object","properties":{"requests":{"type":"array","items":{"$ref":"#/components/schemas/Request"}},
        "not_found":{"type":"array","items":{"type":"string"}}},"required":["requests","not_found"],
        "additionalProperties":false}
        """

    private static let profile = """
        {"type":"object","properties":{"id":\(userID),"email":{"type":["string","null"]},
        "name":{"type":["string","null"]},"created_at":\(dueAt)},
        "required":["id","email","name","created_at"],"additionalProperties":false}
        """

    private static let problem = """
        {"type":"object","properties":{"type":{"type":"string","format":"uri-reference"},"code":{"type":"string"},
        "title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
        "instance":{"type":"string"},"errors":{"type":"array","items":{"$ref":"#/components/schemas/Fault"}},
        "accepted":{"enum":[false,"unknown"]},"expired":{"const":true},"etag":{"type":"string"}},
        "required":["type","code","title","status","instance"]}
        """

    private static let fault = """
        {"type":"object","properties":{"line":{"type":"integer","minimum":1},"pointer":{"type":"string"},
        "parameter":{"type":"string"},"code":{"type":"string"},"detail":{"type":"string"},
        "limit":{"type":"integer"}},"required":["detail"]}
        """
}
