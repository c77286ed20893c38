internal import Shared

/// The routes of one listener.
struct RouteTable: Sendable {
    /// What a request's path and method lead to.
    enum Match {
        case route(Int, PathValues)
        /// The path is known, the method is not its own.
        case otherMethod(allowed: StaticStringList)
        case options(allowed: StaticStringList)
        case unknown
    }

    /// What stood in the variable segments.
    struct PathValues {
        var user: UserID?
        var id: UUID?
        var slug: [UInt8] = []
    }

    /// Method names for `Allow`.
    typealias StaticStringList = [StaticString]

    /// All routes of one path.
    private struct Pattern {
        let path: [Route.Segment]
        /// Places in `routes`, by the method's raw value.
        var routes: [Int?] = Array(repeating: nil, count: Method.allCases.count)
        var allowed: StaticStringList = []
    }

    let routes: [Route]
    /// Patterns by their number of segments: most requests compare with a handful.
    private let byCount: [[Pattern]]

    init(_ routes: [Route]) {
        self.routes = routes
        let longest = routes.map(\.path.count).max() ?? 0
        byCount = (0...longest).map { count in RouteTable.patterns(routes, count: count) }
    }

    private static func patterns(_ routes: [Route], count: Int) -> [Pattern] {
        var patterns: [Pattern] = []
        for (place, route) in routes.enumerated() where route.path.count == count {
            let known = patterns.firstIndex { $0.path == route.path }
            if known == nil { patterns.append(Pattern(path: route.path)) }
            let index = known ?? patterns.count - 1
            patterns[index].routes[Int(route.method.rawValue)] = place
            patterns[index].allowed.append(route.method.name)
            guard route.method == .get else { continue }
            patterns[index].routes[Int(Method.head.rawValue)] = place
            patterns[index].allowed.append(Method.head.name)
        }
        for index in patterns.indices { patterns[index].allowed.append(Method.options.name) }
        return patterns
    }

    /// The public API (API.md §3).
    static let api = RouteTable([
        Route(.post, tasks, .createTask, .user, .required([.json])),
        Route(.get, tasks, .listTasks, .user),
        Route(
            .post, tasks + [.literal("bulk")], .bulk, .user, .required([.ndjson, .json]),
            bodyBytesMax: 1 << 20),
        Route(.get, task, .getTask, .user),
        Route(.put, task, .replaceTask, .user, .required([.json])),
        Route(.patch, task, .updateTask, .user, .required([.json, .mergePatch])),
        Route(.delete, task, .deleteTask, .user, .forbidden),
        Route(.patch, task + [.literal("complete")], .completeTask, .user, .optional([.json, .mergePatch])),
        Route(.get, requests, .getRequests, .user),
        Route(.get, requests + [.id(name: "request_id")], .getRequest, .user),
        Route(.get, [.literal("api"), .literal("users"), .user], .getProfile, .user),
        Route(.get, [.literal("health")], .health, .open),
        Route(.get, [.literal("openapi.json")], .openAPI, .open),
        Route(.get, [.literal("problems"), .slug], .problem, .open),
    ])

    /// The same with the routes of accounts, where `TASKLANE_ACCOUNTS` is on.
    static let apiWithAccounts = RouteTable(
        api.routes
            + [("register", .register), ("login", .logIn), ("refresh", .refreshSession), ("logout", .logOut)]
            .map {
                (word: StaticString, endpoint: Endpoint) in
                Route(
                    .post, [.literal("api"), .literal("auth"), .literal(word)], endpoint, .open,
                    .required([.json]), bodyBytesMax: AccountRoutes.bodyBytesMax)
            })

    /// The operators' listener (API.md §12).
    static let admin = RouteTable([
        Route(.get, [.literal("livez")], .live, .open),
        Route(.get, [.literal("readyz")], .ready, .open),
        Route(.get, [.literal("metrics")], .metrics, .open),
        Route(.get, [.literal("ops")], .dashboard, .open),
        Route(.get, [.literal("ops"), .literal("page.js")], .dashboardScript, .open),
        Route(.get, [.literal("ops"), .literal("page.css")], .dashboardStyle, .open),
        Route(.get, [.literal("ops"), .literal("api"), .literal("overview")], .overview, .admin),
    ])

    private static let tasks: [Route.Segment] = [.literal("api"), .user, .literal("tasks")]
    private static let task: [Route.Segment] = tasks + [.id(name: "id")]
    private static let requests: [Route.Segment] = [.literal("api"), .literal("requests")]

    /// Finds the route of a head. HEAD goes where GET goes.
    func match(_ head: RequestHead) -> Match {
        // `OPTIONS *` asks about the server as a whole (RFC 9110 §9.3.7).
        if head.segmentCount == 0 { return .options(allowed: Method.allCases.map(\.name)) }
        guard head.segmentCount < byCount.count else { return .unknown }
        var values = PathValues()
        // No path fits two patterns: `bulk` is no UUID, and the words beside a user are nobody's id.
        let found = byCount[head.segmentCount].first { fits($0.path, head, &values) }
        guard let found else { return .unknown }
        if let place = found.routes[Int(head.method.rawValue)] { return .route(place, values) }
        return head.method == .options
            ? .options(allowed: found.allowed) : .otherMethod(allowed: found.allowed)
    }

    private func fits(_ path: [Route.Segment], _ head: RequestHead, _ values: inout PathValues) -> Bool {
        for (place, segment) in path.enumerated() {
            switch segment {
            case .literal(let text):
                guard head.segment(place, is: text) else { return false }
            case .user:
                guard let user = UserID(Array(head.segment(place))) else { return false }
                values.user = user
            case .id:
                guard let id = UUID(text: head.segment(place).span) else { return false }
                values.id = id
            case .slug: values.slug = Array(head.segment(place))
            }
        }
        return true
    }
}
