internal import Shared

/// Whether a body may be there, and is of a type that the route takes (415).
enum ContentCheck {
    /// What the head alone tells. A chunked body may turn out to be empty, so it is left to the other check.
    static func check(head: RequestHead, _ route: Route) throws(Rejection) {
        guard case .length(let length) = head.layout.framing, length > 0, length <= route.bodyBytesMax else {
            return
        }
        try checkType(head, route)
    }

    static func check(_ body: ArraySlice<UInt8>, _ exchange: Exchange) throws(Rejection) {
        switch exchange.route.content {
        case .none: return
        case .forbidden:
            guard body.isEmpty else {
                throw Rejection(Problem(.validationFailed, detail: "this request takes no body"))
            }
        case .required, .optional:
            // A body of a known length was judged by the head.
            if exchange.head.layout.framing == .chunked, !body.isEmpty {
                try checkType(exchange.head, exchange.route)
            }
        }
    }

    private static func checkType(_ head: RequestHead, _ route: Route) throws(Rejection) {
        // What nearly everybody sends, without taking it apart.
        let isPlainJSON =
            !head.layout.has(.contentEncoding) && head.value(of: .contentType, is: "application/json")
        if isPlainJSON, route.takesJSON { return }
        let types = route.content.types
        guard !types.isEmpty else { return }
        if let coding = head[.contentEncoding], !coding.equalsIgnoringCase("identity") {
            let problem = Problem(.unsupportedMediaType, detail: "the body must not be compressed")
            throw Rejection(problem.with("Accept-Encoding", "identity"))
        }
        if type(head, among: types) != nil { return }
        let names = types.map { "\($0.name)" }.joined(separator: ", ")
        var problem = Problem(
            .unsupportedMediaType,
            detail: "Content-Type must be \(names), with no parameter but charset=utf-8")
        switch route.method {
        case .patch: problem = problem.with("Accept-Patch", names)
        case .post: problem = problem.with("Accept-Post", names)
        default: problem = problem.with("Accept", names)
        }
        throw Rejection(problem)
    }

    static func type(_ head: RequestHead, among types: [MediaType]) -> MediaType? {
        guard let text = head[.contentType] else { return nil }
        guard let type = MediaType(Array(text)), types.contains(type) else { return nil }
        return type
    }
}
