internal import Shared

/// One request on its way through the handlers.
struct Exchange {
    let head: RequestHead
    let route: Route
    let values: RouteTable.PathValues
    /// Who asks; nil where the route is open.
    let identity: Identity?

    /// The user that the request is about: the token's, which the path's has to be as well.
    var user: UserID? { identity?.user }

    /// True where the path names a user who is not the one that asks.
    var isAnothers: Bool {
        guard let place = values.userSegment, let identity else { return false }
        let user = identity.user.bytes
        return !head.segment(place).span.isEqual(to: user.span)
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

    var preferences: Preferences { Preferences(values: values(of: .prefer)) }
}
