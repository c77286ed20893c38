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
        /// The segment that holds a user's id.
        var userSegment: Int?
        var id: UUID?
        /// The segment that holds the slug of a problem type.
        var slugSegment: Int?
    }

    /// Method names for `Allow`.
    typealias StaticStringList = [StaticString]

    /// All routes of one path.
    private final class Pattern: Sendable {
        let path: [Route.Segment]
        /// Places in the table's `routes`, by the method's raw value.
        let routes: [Int?]
        let allowed: StaticStringList

        init(_ path: [Route.Segment], of all: [Route]) {
            self.path = path
            var routes: [Int?] = Array(repeating: nil, count: Method.allCases.count)
            var allowed: StaticStringList = []
            for (place, route) in all.enumerated() where route.path == path {
                let methods = route.method == .get ? [route.method, .head] : [route.method]
                for method in methods {
                    routes[Int(method.rawValue)] = place
                    allowed.append(method.name)
                }
            }
            self.routes = routes
            self.allowed = allowed + [Method.options.name]
        }

        func fits(_ head: RequestHead, _ values: inout PathValues) -> Bool {
            for place in 0..<path.count {
                switch path[place] {
                case .literal(let text):
                    guard head.segment(place, is: text) else { return false }
                case .user:
                    guard head.withSegment(place, UserID.isWellFormed) else { return false }
                    values.userSegment = place
                case .id:
                    guard let id = head.withSegment(place, { UUID(text: $0) }) else { return false }
                    values.id = id
                case .slug: values.slugSegment = place
                }
            }
            return true
        }
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
        for route in routes where route.path.count == count {
            if patterns.contains(where: { $0.path == route.path }) { continue }
            patterns.append(Pattern(route.path, of: routes))
        }
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
        guard let found = byCount[head.segmentCount].first(where: { $0.fits(head, &values) }) else {
            return .unknown
        }
        if let place = found.routes[Int(head.method.rawValue)] { return .route(place, values) }
        return head.method == .options
            ? .options(allowed: found.allowed) : .otherMethod(allowed: found.allowed)
    }
}
