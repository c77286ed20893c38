internal import Shared

/// Parameters and answer headers of the document.
enum OpenAPIParameters {
    /// Every parameter by its name.
    static let components: [UInt8] = {
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        for parameter in all {
            json.key(text: parameter.name)
            json.beginObject()
            json.key("name")
            json.string(parameter.name)
            json.key("in")
            json.string(parameter.place)
            if parameter.place == "path" || parameter.isRequired {
                json.key("required")
                json.boolean(true)
            }
            json.key("description")
            json.string(parameter.meaning)
            if parameter.isList {
                json.key("style")
                json.string("form")
                json.key("explode")
                json.boolean(false)
            }
            json.key("schema")
            json.json(Array(parameter.schema.utf8))
            json.endObject()
        }
        json.endObject()
        return json.bytes
    }()

    private struct Parameter {
        let name: String
        let place: String
        let schema: String
        let meaning: String
        var isRequired = false
        var isList = false
    }

    private static let text = #"{"type":"string"}"#

    private static let all: [Parameter] =
        path + query + times + [
            header(
                "Idempotency-Key", #"{"type":"string","pattern":"^[!#-~]{1,255}$"}"#,
                "Names this mutation, once"),
            header(
                "If-Match", #"{"type":"string","pattern":"^\"v[1-9][0-9]{0,8}\"$"}"#,
                "The version it is meant for"),
            header("If-None-Match", text, "The version that is known already"),
            header("Prefer", text, "wait=N, return=minimal, handling=lenient, respond-async"),
            header("Sync-Token", OpenAPISchemas.uuid, "Answer only after this mutation"),
            header("traceparent", text, "W3C trace context"),
        ]

    private static let path = [
        Parameter(name: "user_id", place: "path", schema: OpenAPISchemas.userID, meaning: "The token's user"),
        Parameter(name: "id", place: "path", schema: OpenAPISchemas.uuid, meaning: "The task"),
        Parameter(name: "request_id", place: "path", schema: OpenAPISchemas.uuid, meaning: "The request"),
        Parameter(
            name: "slug", place: "path",
            schema: "{\"enum\":[" + ProblemType.allCases.map { "\"\($0.slug)\"" }.joined(separator: ",")
                + "]}",
            meaning: "The problem type"),
    ]

    private static let query = [
        parameter(
            "limit",
            "{\"type\":\"integer\",\"minimum\":\(TaskListQuery.limitRange.lowerBound),\"maximum\":\(TaskListQuery.limitRange.upperBound),\"default\":50}",
            "Tasks on a page"),
        parameter(
            "sort", "{\"enum\":[\(sorts)],\"default\":\"-created_at\"}", "Order; nulls last, then by id"),
        parameter("cursor", text, "Where the page before ended"),
        parameter("completed", #"{"type":"boolean"}"#, "Only these"),
        parameter("priority", #"{"enum":["low","medium","high"]}"#, "Only these"),
        parameter(
            "q",
            "{\"type\":\"string\",\"minLength\":1,\"maxLength\":\(TaskListQuery.searchScalarsMax),\"pattern\":\"^[^\\\\u0000]*$\"}",
            "Literal part of title or description, whatever the case"),
        parameter("sync_token", OpenAPISchemas.uuid, "As the header Sync-Token"),
        parameter("wait", #"{"type":"integer","minimum":0}"#, "Seconds to wait until it is done; at most 25"),
        Parameter(
            name: "ids", place: "query",
            schema:
                "{\"type\":\"array\",\"minItems\":1,\"maxItems\":\(RequestsHandler.idsMax),\"items\":\(OpenAPISchemas.uuid)}",
            meaning: "Request ids, with commas between", isRequired: true, isList: true),
    ]

    private static let times = ["created", "updated", "due"].flatMap { column in
        ["after", "before"].map { side in
            parameter(
                "\(column)_\(side)", OpenAPISchemas.time, "Only tasks \(side) this time, itself left out")
        }
    }

    private static var sorts: String {
        TaskListQuery.Sort.allCases.flatMap { ["\"\($0.name)\"", "\"-\($0.name)\""] }.joined(separator: ",")
    }

    private static func header(_ name: String, _ schema: String, _ meaning: String) -> Parameter {
        Parameter(name: name, place: "header", schema: schema, meaning: meaning)
    }

    private static func parameter(_ name: String, _ schema: String, _ meaning: String) -> Parameter {
        Parameter(name: name, place: "query", schema: schema, meaning: meaning)
    }

    /// Headers of answers.
    static let headers = Array(
        """
        {"Location":{"schema":{"type":"string","format":"uri-reference"}},
        "Operation-Location":{"schema":{"type":"string","format":"uri-reference"}},
        "Sync-Token":{"schema":\(OpenAPISchemas.uuid)},"ETag":{"schema":{"type":"string"}},
        "Link":{"schema":{"type":"string"}},"Retry-After":{"schema":{"type":"integer","minimum":0}}}
        """.utf8)
}
