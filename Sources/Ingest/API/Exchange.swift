internal import Shared

/// One request on its way through the handlers. An object, because each of them hands it on.
final class Exchange {
    let api: API
    let services: Services
    let head: RequestHead
    let route: Route
    let values: RouteTable.PathValues
    /// Who asks; nil where the route is open.
    let identity: Identity?
    /// When the head was there.
    let began: LoopInstant

    /// The user's, for a mutation.
    var lane: Lane?
    /// For a single mutation (Exchange+submission.swift): what was pushed, and the way back.
    var receipt: Receipt?
    var preferences = Preferences()
    var reply: Reply?
    /// Waits for the verdict once it is pushed.
    var poll: LongPoll?

    init(
        _ api: API, head: RequestHead, route: Route, values: RouteTable.PathValues, identity: Identity?,
        began: LoopInstant
    ) {
        self.api = api
        services = api.services
        self.head = head
        self.route = route
        self.values = values
        self.identity = identity
        self.began = began
    }

    /// The user that the request is about: the token's, which the path's has to be as well.
    var user: UserID? { identity?.user }

    /// True where the path names a user who is not the one that asks.
    var isAnothers: Bool {
        guard let place = values.userSegment, let identity else { return false }
        let user = identity.user.bytes
        return !head.withSegment(place) { $0.isEqual(to: user.span) }
    }

    /// Sends the answer, with what every answer needs.
    func send(_ response: Response, _ reply: Reply) {
        var response = response
        api.finish(&response, self)
        reply.send(response)
    }

    func answer(_ problem: Problem) -> Response { head.answer(problem) }

    /// All values of a header, in order.
    func values(of header: KnownHeader) -> [[UInt8]] {
        guard let first = head[header] else { return [] }
        guard head.isRepeated(header) else { return [Array(first)] }
        var values: [[UInt8]] = []
        head.forEachValue(of: header) { values.append(Array($0)) }
        return values
    }

    /// What the client prefers, read anew.
    func readPreferences() -> Preferences {
        head.layout.has(.prefer) ? Preferences(values: values(of: .prefer)) : Preferences()
    }

    /// The trace that the request belongs to.
    var traceID: [UInt8]? { head[.traceparent].flatMap { TraceParent.traceID(Array($0)) } }
}
