internal import Shared

/// The operators' listener (API.md §12): health, metrics, and a small page. Lives on the first loop.
final class AdminAPI: RequestHandler {
    private let shared: Wiring
    private let services: Services
    private let health: Health
    let survey: LaneSurvey

    init(shared: Wiring, services: Services, health: Health, pipeline: RedisPipeline) {
        self.shared = shared
        self.services = services
        self.health = health
        survey = LaneSurvey(
            redis: LoopRedis(pipeline: pipeline, loop: services.loop), keys: shared.laneKeys,
            reads: services.reads,
            clock: { services.now })
        survey.latest.register(shared.registry)
    }

    func admit(_ head: RequestHead) -> Admission {
        switch RouteTable.admin.match(head) {
        case .unknown: return .answer(head.answer(Problem(.notFound, detail: "there is no such route")))
        case .otherMethod(let allowed):
            var response = head.answer(
                Problem(.methodNotAllowed, detail: "only GET and HEAD are served here"))
            response.add("Allow", AdminAPI.list(allowed))
            return .answer(response)
        case .options(let allowed):
            var response = Response(status: 204)
            response.add("Allow", AdminAPI.list(allowed))
            return .answer(response)
        case .route(let place, _):
            let route = RouteTable.admin.routes[place]
            guard route.access == .admin, !shared.isAdminLocal else { return serve(route, head) }
            return authorise(route, head)
        }
    }

    private static func list(_ methods: [StaticString]) -> [UInt8] {
        Array(methods.map { "\($0)" }.joined(separator: ", ").utf8)
    }

    private func authorise(_ route: Route, _ head: RequestHead) -> Admission {
        switch services.authenticator.authenticate(head[.authorization], now: services.now) {
        case .identity(let identity): return allow(identity, route, head)
        case .refused(let fault): return .answer(head.answer(fault.problem))
        case .wait(let pending):
            return .ask { [self] in
                switch await services.authenticator.resolve(pending) {
                case .success(let identity): return allow(identity, route, head)
                case .failure(let fault): return .answer(head.answer(fault.problem))
                }
            }
        }
    }

    private func allow(_ identity: Identity, _ route: Route, _ head: RequestHead) -> Admission {
        guard identity.isAdmin else {
            return .answer(head.answer(Problem(.forbidden, detail: "the scope tasklane:admin is needed")))
        }
        return serve(route, head)
    }

    private func serve(_ route: Route, _ head: RequestHead) -> Admission {
        .serve(bodyBytesMax: 1024) { [self] request in await respond(route, head) }
    }

    private func respond(_ route: Route, _ head: RequestHead) async -> Response {
        switch route.endpoint {
        case .live:
            guard !shared.pulse.isBeating(within: shared.patience) else {
                return .json(200, Array(#"{"status":"ok"}"#.utf8))
            }
            var response = Response.json(503, Array(#"{"status":"a loop hangs"}"#.utf8))
            response.headers.append("Retry-After: 2\r\n")
            return response
        case .ready: return await health.check().response(showsChecks: true)
        case .metrics:
            await survey.take()
            var response = Response(status: 200)
            response.contentType = .prometheus
            response.body = shared.registry.render()
            return response
        case .overview:
            await survey.take()
            return .json(200, overview())
        case .dashboard, .dashboardScript, .dashboardStyle: return Dashboard.response(route.endpoint)
        default: return head.answer(Problem(.notFound, detail: "there is no such route"))
        }
    }

    /// What the page shows; numbers and lanes, no user ids.
    private func overview() -> [UInt8] {
        let figures = survey.latest.value
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.key("redis")
        json.boolean(figures.isKnown)
        json.key("queued")
        json.integer(figures.depths.reduce(0) { $0 + $1.depth })
        json.key("oldest_seconds")
        json.decimal(figures.oldestSeconds)
        json.key("parked_users")
        json.integer(figures.parkedUsers)
        json.key("accepted")
        json.integer(figures.accepted)
        json.key("settled")
        json.integer(figures.settled)
        json.key("unaccounted")
        json.integer(figures.unaccounted)
        json.key("dead_letters")
        if let count = figures.deadLetters { json.integer(count) } else { json.null() }
        json.key("waiters")
        json.integer(shared.metrics.waiters.value)
        json.key("connections")
        json.integer(shared.budget.count)
        json.key("lanes")
        json.beginArray()
        for lane in figures.depths.sorted(by: { $0.depth > $1.depth }).prefix(20) {
            json.beginObject()
            json.key("lane")
            json.string(lane.lane.name)
            json.key("depth")
            json.integer(lane.depth)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
