/// The request headers that this server or its handlers look at; their places are kept while parsing, so that
/// reading one is no search.
enum KnownHeader: UInt8, CaseIterable, Sendable {
    case accept, acceptEncoding, accessControlRequestHeaders, accessControlRequestMethod, authorization
    case connection, contentEncoding, contentLength, contentType, expect, host, idempotencyKey, ifMatch, ifNoneMatch
    case origin, prefer, syncToken, traceparent, tracestate, transferEncoding, xRequestID

    /// How many there are; `RequestLayout` has a place for each.
    static let count = 21

    /// The name in lower case.
    var name: StaticString {
        switch self {
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .accessControlRequestHeaders: "access-control-request-headers"
        case .accessControlRequestMethod: "access-control-request-method"
        case .authorization: "authorization"
        case .connection: "connection"
        case .contentEncoding: "content-encoding"
        case .contentLength: "content-length"
        case .contentType: "content-type"
        case .expect: "expect"
        case .host: "host"
        case .idempotencyKey: "idempotency-key"
        case .ifMatch: "if-match"
        case .ifNoneMatch: "if-none-match"
        case .origin: "origin"
        case .prefer: "prefer"
        case .syncToken: "sync-token"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .transferEncoding: "transfer-encoding"
        case .xRequestID: "x-request-id"
        }
    }

    /// True where a second line of this name makes the request malformed.
    var isSingleton: Bool {
        switch self {
        case .authorization, .contentLength, .contentType, .expect, .host, .idempotencyKey, .origin, .syncToken,
            .transferEncoding:
            true
        default: false
        }
    }

    /// The header whose name is the bytes of `range`, without regard to ASCII case.
    init?(_ input: Span<UInt8>, _ range: Range<Int>) {
        let found: KnownHeader? =
            switch range.count {
            case 4: .host
            case 6: Self.pick(input, range, [.accept, .expect, .origin, .prefer])
            case 8: .ifMatch
            case 10: Self.pick(input, range, [.connection, .syncToken, .tracestate])
            case 11: .traceparent
            case 12: Self.pick(input, range, [.contentType, .xRequestID])
            case 13: Self.pick(input, range, [.authorization, .ifNoneMatch])
            case 14: .contentLength
            case 15: Self.pick(input, range, [.acceptEncoding, .idempotencyKey])
            case 16: .contentEncoding
            case 17: .transferEncoding
            case 29: .accessControlRequestMethod
            case 30: .accessControlRequestHeaders
            default: nil
            }
        guard let found, input.equalsIgnoringCase(found.name, in: range) else { return nil }
        self = found
    }

    /// The candidate with the right first letter; `init` compares the rest.
    @inline(__always)
    private static func pick<let n: Int>(
        _ input: Span<UInt8>, _ range: Range<Int>, _ candidates: InlineArray<n, KnownHeader>
    ) -> KnownHeader? {
        let first = input[range.lowerBound] | 0x20
        for index in candidates.indices {
            let candidate = candidates[index]
            if candidate.name.firstByte == first { return candidate }
        }
        return nil
    }
}

extension StaticString {
    /// The first byte of a text that is not empty.
    fileprivate var firstByte: UInt8 { withUTF8Buffer { unsafe $0[0] } }
}
