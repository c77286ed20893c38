internal import Shared

/// One row of the routing table: what the router, `/openapi.json` and the metrics' labels are made from. An object,
/// because each request hands it on.
final class Route: Sendable {
    /// One segment of a path pattern.
    enum Segment: Equatable, Sendable {
        case literal(StaticString)
        /// A `user_id` (API.md §1).
        case user
        /// A `task_id` or `request_id`.
        case id(name: StaticString)
        /// The slug of a problem type.
        case slug

        static func == (left: Segment, right: Segment) -> Bool {
            switch (left, right) {
            case (.literal(let one), .literal(let other)): "\(one)" == "\(other)"
            case (.user, .user), (.id, .id), (.slug, .slug): true
            default: false
            }
        }
    }

    /// Who may call.
    enum Access: Sendable {
        /// Everybody, without a token.
        case open
        /// Whoever has a token; a user in the path must be the token's.
        case user
        /// Holders of the scope `tasklane:admin`, unless the listener is a Unix socket.
        case admin
    }

    /// What a body is to be.
    enum Content: Sendable {
        /// Not looked at.
        case none
        /// Must be empty, else 400.
        case forbidden
        case required([MediaType])
        case optional([MediaType])

        var types: [MediaType] {
            switch self {
            case .none, .forbidden: []
            case .required(let types), .optional(let types): types
            }
        }
    }

    let endpoint: Endpoint
    let method: Method
    let path: [Segment]
    let access: Access
    let content: Content
    let takesJSON: Bool
    /// More than this is 413.
    let bodyBytesMax: Int

    init(
        _ method: Method, _ path: [Segment], _ endpoint: Endpoint, _ access: Access,
        _ content: Content = .none, bodyBytesMax: Int = 64 * 1024
    ) {
        self.endpoint = endpoint
        self.method = method
        self.path = path
        self.access = access
        self.content = content
        takesJSON = content.types.contains(.json)
        self.bodyBytesMax = bodyBytesMax
    }

    /// The path as OpenAPI and metrics write it: `/api/{user_id}/tasks/{id}`.
    var template: String {
        path.map { segment in
            switch segment {
            case .literal(let text): "/\(text)"
            case .user: "/{user_id}"
            case .id(let name): "/{\(name)}"
            case .slug: "/{slug}"
            }
        }.joined()
    }
}

/// What a route does; each has one handler.
enum Endpoint: UInt8, CaseIterable, Sendable {
    case createTask, listTasks, getTask, replaceTask, updateTask, completeTask, deleteTask, bulk
    case getRequest, getRequests, getProfile
    case register, logIn, refreshSession, logOut
    case health, openAPI, problem
    case live, ready, metrics, dashboard, dashboardScript, dashboardStyle, overview

    /// True where one mutation may come out of it.
    var isSingleMutation: Bool {
        switch self {
        case .createTask, .replaceTask, .updateTask, .completeTask, .deleteTask: true
        default: false
        }
    }

    /// True where the exchange answers by itself (`Exchange.take`).
    var needsNoTask: Bool { isSingleMutation || isRead || self == .getRequest }

    /// True for what is read straight from PostgreSQL.
    var isRead: Bool {
        switch self {
        case .getTask, .listTasks, .getProfile: true
        default: false
        }
    }

    /// True where mutations may come out of it.
    var isMutation: Bool { isSingleMutation || self == .bulk }
}
