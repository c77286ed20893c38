internal import Shared

/// What the document says of one route beyond what the routing table knows.
struct OpenAPIOperation {
    struct Answer {
        let status: Int
        let meaning: String
        var schema: String?
        var contentType = "application/json"
        var headers: [String] = []
    }

    let route: Route

    init(_ route: Route) { self.route = route }

    var summary: String {
        switch route.endpoint {
        case .createTask: "Create a task"
        case .listTasks: "List tasks"
        case .getTask: "Read a task"
        case .replaceTask: "Change a task; absent members stay as they are"
        case .updateTask: "Change a task by a JSON merge patch"
        case .completeTask: "Complete a task, or toggle it with an empty body"
        case .deleteTask: "Delete a task"
        case .bulk: "Send up to 1000 operations at once"
        case .getRequest: "Tell what became of a mutation"
        case .getRequests: "Tell what became of several mutations"
        case .getProfile: "Read the own profile"
        case .register: "Open an account"
        case .logIn: "Begin a session with e-mail and password"
        case .refreshSession: "Get a new token for a session"
        case .logOut: "End a session"
        case .health: "Tell whether this daemon can do its work"
        case .openAPI: "This document"
        case .problem: "Explain a problem type"
        case .live, .ready, .metrics, .dashboard, .dashboardScript, .dashboardStyle, .overview:
            "For operators"
        }
    }

    var tag: String {
        switch route.endpoint {
        case .getRequest, .getRequests: "requests"
        case .getProfile: "users"
        case .register, .logIn, .refreshSession, .logOut: "accounts"
        case .health, .openAPI, .problem: "service"
        default: "tasks"
        }
    }

    /// Names of components: those of the path first.
    var parameters: [String] {
        let path = route.path.compactMap { segment -> String? in
            switch segment {
            case .literal: nil
            case .user: "user_id"
            case .id(let name): "\(name)"
            case .slug: "slug"
            }
        }
        switch route.endpoint {
        case .createTask, .replaceTask, .updateTask, .completeTask, .deleteTask:
            return path + ["Idempotency-Key", "If-Match", "Prefer", "traceparent"]
        case .bulk: return path + ["Idempotency-Key", "Prefer", "traceparent"]
        case .listTasks:
            return path + TaskListQuery.parameters.map { "\($0)" } + [
                "Sync-Token", "Prefer", "If-None-Match",
            ]
        case .getTask: return path + ["sync_token", "Sync-Token", "Prefer", "If-None-Match"]
        case .getProfile: return path + ["sync_token", "Sync-Token", "Prefer"]
        case .getRequest: return path + ["wait", "Prefer"]
        case .getRequests: return path + ["ids", "wait", "Prefer"]
        default: return path
        }
    }

    var bodySchema: String? {
        switch route.endpoint {
        case .createTask: "NewTask"
        case .replaceTask, .updateTask: "TaskPatch"
        case .completeTask: "Completion"
        case .bulk: "Bulk"
        case .register, .logIn, .refreshSession, .logOut: "Any"
        default: nil
        }
    }

    private static let accepted = ["Location", "Operation-Location", "Sync-Token", "Retry-After"]

    var answers: [Answer] {
        let queued = Answer(
            status: 202, meaning: "Queued: it will be applied in order, exactly once", schema: "Request",
            headers: OpenAPIOperation.accepted)
        let replayed = Answer(
            status: 200, meaning: "Applied (waited for, or replayed under its Idempotency-Key)",
            schema: "TaskOrRequest", headers: ["ETag", "Sync-Token"])
        let minimal = Answer(status: 204, meaning: "Applied, without a body", headers: ["Sync-Token"])
        switch route.endpoint {
        case .createTask:
            let created = Answer(
                status: 201, meaning: "Created (waited for)", schema: "Task",
                headers: ["Location", "ETag", "Sync-Token"])
            return [replayed, created, queued]
        case .replaceTask, .updateTask, .completeTask, .deleteTask: return [replayed, queued, minimal]
        case .bulk:
            return [
                Answer(
                    status: 200, meaning: "All applied (waited for)", schema: "BulkAnswer",
                    headers: ["Sync-Token"]),
                Answer(
                    status: 202, meaning: "All queued", schema: "BulkAnswer",
                    headers: ["Sync-Token", "Retry-After"]),
                Answer(status: 207, meaning: "Some lines queued (handling=lenient)", schema: "BulkAnswer"),
            ]
        case .listTasks:
            return [
                Answer(status: 200, meaning: "A page", schema: "TaskPage", headers: ["ETag", "Link"]),
                Answer(status: 304, meaning: "Not changed", headers: ["ETag"]),
            ]
        case .getTask:
            return [
                Answer(status: 200, meaning: "The task", schema: "Task", headers: ["ETag"]),
                Answer(status: 304, meaning: "Not changed", headers: ["ETag"]),
            ]
        default:
            return [Answer(status: 200, meaning: "The answer", schema: answerSchema, contentType: answerType)]
        }
    }

    private var answerSchema: String? {
        switch route.endpoint {
        case .getRequest: "Request"
        case .getRequests: "RequestList"
        case .getProfile: "Profile"
        case .health: "Health"
        case .problem: "Text"
        default: "Any"
        }
    }

    private var answerType: String { route.endpoint == .problem ? "text/html" : "application/json" }

    /// Statuses of problems. 405 and 501 are the router's and the parser's; they are said of every operation.
    var problems: [Int] {
        var statuses: Set<Int> = [400, 404, 405, 408, 413, 414, 431, 500, 501, 503]
        if route.access != .open { statuses.formUnion([401, 403]) }
        if route.path.first == .literal("api"), route.access == .open {
            statuses.formUnion([401, 409, 413, 415, 429])
        }
        if route.endpoint.isMutation { statuses.formUnion([409, 412, 413, 415, 422, 429]) }
        return statuses.sorted()
    }
}
