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
        let candidates: (Method, Method?) =
            switch range.count {
            case 3: (.get, .put)
            case 4: (.post, .head)
            case 5: (.patch, nil)
            case 6: (.delete, nil)
            default: (.options, nil)
            }
        if input.equals(candidates.0.name, in: range) {
            self = candidates.0
        } else if let other = candidates.1, input.equals(other.name, in: range) {
            self = other
        } else {
            return nil
        }
    }
}
