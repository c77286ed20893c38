internal import Shared

/// One request on its way through the handlers.
struct Exchange {
    let head: RequestHead
    let route: Route
    let values: RouteTable.PathValues
    /// Who asks; nil where the route is open.
    let identity: Identity?

    /// The user that the request is about: the path's, which is the token's, or the token's alone.
    var user: UserID? { values.user ?? identity?.user }

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
