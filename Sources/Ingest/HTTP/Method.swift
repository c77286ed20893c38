/// The methods that this server knows; every other one is answered 501.
enum Method: UInt8, CaseIterable, Sendable {
    case get, head, post, put, patch, delete, options

    /// The name as it stands in a request line and in `Allow`.
    var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        }
    }

    /// The method whose name is exactly the bytes of `range`; names are case-sensitive.
    init?(_ input: Span<UInt8>, _ range: Range<Int>) {
        let found = Method.allCases.first { input.equals($0.name, in: range) }
        guard let found else { return nil }
        self = found
    }
}
