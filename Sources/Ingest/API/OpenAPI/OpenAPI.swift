internal import Shared

/// `/openapi.json`: paths from the routing table, operations and schemas from tables beside the code they describe.
/// Tests hold what is written by hand to what the encoders write.
enum OpenAPI {
    /// The whole document of one listener's routes, in OpenAPI 3.1.
    static func document(_ table: RouteTable) -> [UInt8] {
        var json = JSONWriter(capacity: 32768)
        json.beginObject()
        json.key("openapi")
        json.string("3.1.0")
        json.key("info")
        json.json(info)
        json.key("servers")
        json.json(Array(#"[{"url":"/"}]"#.utf8))
        json.key("security")
        json.json(Array(#"[{"bearer":[]}]"#.utf8))
        json.key("paths")
        json.beginObject()
        var done: [String] = []
        for route in table.routes where !done.contains(route.template) {
            done.append(route.template)
            json.key(text: route.template)
            write(table.routes.filter { $0.template == route.template }, to: &json)
        }
        json.endObject()
        json.key("components")
        json.beginObject()
        json.key("securitySchemes")
        json.json(Array(#"{"bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT"}}"#.utf8))
        json.key("parameters")
        json.json(OpenAPIParameters.components)
        json.key("headers")
        json.json(OpenAPIParameters.headers)
        json.key("schemas")
        json.json(OpenAPISchemas.components)
        json.key("responses")
        writeProblems(to: &json)
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private static let info = Array(
        #"""
        {"title":"Tasklane","version":"1","description":"A to-do task backend with an asynchronous write path: a \#
        mutation is accepted with 202, applied in order and exactly once, and its result is read by its request id, \#
        or waited for with Prefer: wait=N.","license":{"name":"Apache-2.0","identifier":"Apache-2.0"}}
        """#.utf8)

    /// All operations of one path.
    private static func write(_ routes: [Route], to json: inout JSONWriter) {
        json.beginObject()
        for route in routes {
            json.key(text: "\(route.method.name)".lowercased())
            write(OpenAPIOperation(route), to: &json)
        }
        json.endObject()
    }

    private static func write(_ operation: OpenAPIOperation, to json: inout JSONWriter) {
        json.beginObject()
        json.key("operationId")
        json.string("\(operation.route.endpoint)")
        json.key("summary")
        json.string(operation.summary)
        json.key("tags")
        json.beginArray()
        json.string(operation.tag)
        json.endArray()
        if operation.route.access == .open {
            json.key("security")
            json.beginArray()
            json.endArray()
        }
        json.key("parameters")
        json.beginArray()
        for name in operation.parameters {
            json.beginObject()
            json.key("$ref")
            json.string("#/components/parameters/\(name)")
            json.endObject()
        }
        json.endArray()
        writeBody(operation, to: &json)
        json.key("responses")
        writeResponses(operation, to: &json)
        json.endObject()
    }

    private static func writeBody(_ operation: OpenAPIOperation, to json: inout JSONWriter) {
        let content = operation.route.content
        guard !content.types.isEmpty, let schema = operation.bodySchema else { return }
        json.key("requestBody")
        json.beginObject()
        json.key("required")
        if case .required = content { json.boolean(true) } else { json.boolean(false) }
        json.key("content")
        json.beginObject()
        for type in content.types {
            json.key(text: "\(type.name)")
            json.beginObject()
            json.key("schema")
            writeReference(type == .ndjson ? "BulkLines" : schema, to: &json)
            json.endObject()
        }
        json.endObject()
        json.endObject()
    }

    private static func writeResponses(_ operation: OpenAPIOperation, to json: inout JSONWriter) {
        json.beginObject()
        for answer in operation.answers {
            json.key(text: "\(answer.status)")
            json.beginObject()
            json.key("description")
            json.string(answer.meaning)
            if !answer.headers.isEmpty {
                json.key("headers")
                json.beginObject()
                for header in answer.headers {
                    json.key(text: header)
                    json.beginObject()
                    json.key("$ref")
                    json.string("#/components/headers/\(header)")
                    json.endObject()
                }
                json.endObject()
            }
            if let schema = answer.schema {
                json.key("content")
                json.beginObject()
                json.key(text: answer.contentType)
                json.beginObject()
                json.key("schema")
                writeReference(schema, to: &json)
                json.endObject()
                json.endObject()
            }
            json.endObject()
        }
        for status in operation.problems {
            json.key(text: "\(status)")
            json.beginObject()
            json.key("$ref")
            json.string("#/components/responses/Problem\(status)")
            json.endObject()
        }
        json.endObject()
    }

    private static func writeReference(_ schema: String, to json: inout JSONWriter) {
        json.beginObject()
        json.key("$ref")
        json.string("#/components/schemas/\(schema)")
        json.endObject()
    }

    /// One response for each status that a problem can have.
    private static func writeProblems(to json: inout JSONWriter) {
        json.beginObject()
        for status in Set(ProblemType.allCases.map(\.status)).sorted() {
            let slugs = ProblemType.allCases.filter { $0.status == status }.map { "\($0.slug)" }
            json.key(text: "Problem\(status)")
            json.beginObject()
            json.key("description")
            json.string(slugs.joined(separator: ", "))
            json.key("content")
            json.beginObject()
            json.key("application/problem+json")
            json.beginObject()
            json.key("schema")
            writeReference("Problem", to: &json)
            json.endObject()
            json.endObject()
            json.endObject()
        }
        json.endObject()
    }
}
