internal import CSystem
internal import Shared

/// The HTTP API of one loop: checks a head in the order of API.md §1 and hands the request to its handler.
final class API: RequestHandler {
    private let table: RouteTable
    let services: Services
    // What each request asks, at hand: through another object, its references would be counted each time.
    private let loop: EventLoop
    private let authenticator: Authenticator
    private let lanes: LaneStore
    private let metrics: APIMetrics
    private let cors: Cors
    private let publicPages: PublicPages
    private let accounts: AccountRoutes?
    private var counters: [APIMetrics.Key: Counter] = [:]
    /// The counter that was used last, by endpoint: nearly always the one that is wanted.
    private var latest: [(key: APIMetrics.Key, counter: Counter)?] = Endpoint.allCases.map { _ in nil }

    init(table: RouteTable, services: Services, publicPages: PublicPages, accounts: AccountRoutes? = nil) {
        self.table = table
        self.services = services
        loop = services.loop
        authenticator = services.authenticator
        lanes = services.lanes
        metrics = services.metrics
        self.publicPages = publicPages
        self.accounts = accounts
        cors = Cors(origins: services.configuration.corsOrigins)
    }

    func admit(_ head: RequestHead) -> Admission {
        let began = loop.now
        switch table.match(head) {
        case .unknown:
            return answer(head.answer(Problem(.notFound, detail: "there is no such route")), head, nil, began)
        case .otherMethod(let allowed):
            var response = head.answer(
                Problem(.methodNotAllowed, detail: "this path takes other methods: see Allow"))
            response.add("Allow", API.list(allowed))
            return answer(response, head, nil, began)
        case .options(let allowed):
            var response = Response(status: 204)
            response.add("Allow", API.list(allowed))
            cors.preflight(&response, head, allowed: API.list(allowed))
            return answer(response, head, nil, began)
        case .route(let place, let values):
            return admit(head, table.routes[place], values, began)
        }
    }

    func refused(_ type: ProblemType) {
        count(APIMetrics.Key(endpoint: nil, method: .get, status: type.status))
    }

    func complete(_ response: inout Response, _ head: RequestHead) { cors.apply(to: &response, head) }

    private static func list(_ methods: [StaticString]) -> [UInt8] {
        Array(methods.map { "\($0)" }.joined(separator: ", ").utf8)
    }

    // MARK: Who asks

    private func admit(
        _ head: RequestHead, _ route: Route, _ values: RouteTable.PathValues, _ began: LoopInstant
    ) -> Admission {
        func exchange(_ identity: Identity?) -> Exchange {
            Exchange(self, head: head, route: route, values: values, identity: identity, began: began)
        }
        guard route.access != .open else { return serve(exchange(nil)) }
        let now = Timestamp(micros: loop.wallMicros)
        switch authenticator.authenticate(head[.authorization], now: now) {
        case .identity(let identity): return admit(exchange(identity), identity)
        case .refused(let fault): return answer(head.answer(fault.problem), head, route.endpoint, began)
        case .wait(let pending):
            return .ask { [self] in
                switch await authenticator.resolve(pending) {
                case .success(let identity): return admit(exchange(identity), identity)
                case .failure(let fault):
                    return answer(head.answer(fault.problem), head, route.endpoint, began)
                }
            }
        }
    }

    private func admit(_ exchange: Exchange, _ identity: Identity) -> Admission {
        if exchange.isAnothers {
            return refuse(exchange, Problem(.forbidden, detail: "the path is another user's"))
        }
        if exchange.route.access == .admin, !identity.isAdmin {
            return refuse(exchange, Problem(.forbidden, detail: "the scope tasklane:admin is needed"))
        }
        guard exchange.route.endpoint.isMutation else { return serve(exchange) }
        return admitMutation(exchange, identity.user)
    }

    // MARK: Limits

    private func admitMutation(_ exchange: Exchange, _ user: UserID) -> Admission {
        if let limiter = services.rateLimiter {
            let standing = limiter.take(1, of: user, now: loop.now)
            guard standing.isAllowed else { return refuse(exchange, limiter.problem(standing)) }
        }
        let lane = lanes.lane(of: user)
        exchange.lane = lane
        guard lanes.seemsFull(lane) else { return serve(exchange) }
        return .ask { [self] in
            let depth = await lanes.depth(of: lane)
            if let depth, depth >= lanes.depths.limit {
                return refuse(exchange, lanes.depths.overloaded(lane))
            }
            return serve(exchange)
        }
    }

    private func serve(_ exchange: Exchange) -> Admission {
        do throws(Rejection) { try ContentCheck.check(head: exchange.head, exchange.route) } catch {
            return refuse(exchange, error.problem)
        }
        let bodyBytesMax = exchange.route.bodyBytesMax
        if exchange.route.endpoint.needsNoTask { return .take(bodyBytesMax: bodyBytesMax, by: exchange) }
        return .serve(bodyBytesMax: bodyBytesMax) { [self] request in
            var response = await respond(request, exchange)
            finish(&response, exchange)
            return response
        }
    }

    private func respond(_ request: Request, _ exchange: Exchange) async -> Response {
        switch exchange.route.endpoint {
        case .bulk: return await BulkHandler(services: services).respond(request, exchange)
        case .getRequests: return await RequestsHandler(services: services).many(exchange)
        case .register: return await account(request, .register)
        case .logIn: return await account(request, .login)
        case .refreshSession: return await account(request, .refresh)
        case .logOut: return await account(request, .logout)
        default: return await publicPages.respond(exchange)
        }
    }

    private func account(_ request: Request, _ action: AccountRoutes.Action) async -> Response {
        guard let accounts else { preconditionFailure("the routes of accounts are there without accounts") }
        return await accounts.handle(request, action, now: services.now)
    }

    // MARK: Answers

    private func refuse(_ exchange: Exchange, _ problem: Problem) -> Admission {
        answer(exchange.answer(problem), exchange.head, exchange.route.endpoint, exchange.began)
    }

    private func answer(
        _ response: Response, _ head: RequestHead, _ endpoint: Endpoint?, _ began: LoopInstant
    ) -> Admission {
        var response = response
        finish(&response, head, endpoint, began)
        return .answer(response)
    }

    /// What every answer needs, and its count.
    func finish(_ response: inout Response, _ exchange: Exchange) {
        finish(&response, exchange.head, exchange.route.endpoint, exchange.began)
    }

    private func finish(
        _ response: inout Response, _ head: RequestHead, _ endpoint: Endpoint?, _ began: LoopInstant
    ) {
        cors.apply(to: &response, head)
        count(APIMetrics.Key(endpoint: endpoint, method: head.method, status: response.status))
        metrics.observe(endpoint, nanoseconds: tl_monotonic_nanos() - began.nanoseconds)
    }

    private func count(_ key: APIMetrics.Key) {
        let place = key.endpoint.map { Int($0.rawValue) }
        if let place, let latest = latest[place], latest.key == key { return latest.counter.add() }
        let counter = counters[key] ?? metrics.counter(key)
        counters[key] = counter
        if let place { latest[place] = (key, counter) }
        counter.add()
    }
}

extension RateLimiter {
    func problem(_ standing: Standing) -> Problem {
        var problem = Problem(
            .rateLimited, detail: "at most \(rate.rate) mutations a second, \(rate.burst) at once"
        )
        .retryAfter(seconds: standing.resetSeconds)
        problem.headers += headers(standing)
        return problem
    }
}

extension LaneDepths {
    func overloaded(_ lane: Lane) -> Problem {
        Problem(.overloaded, detail: "too many mutations wait in this user's lane: try again later")
            .retryAfter(seconds: retryAfterSeconds(lane))
    }
}
