/// The request headers that this server or its handlers look at; their places are kept while parsing, so that
/// reading one is no search.
enum KnownHeader: UInt8, CaseIterable, Sendable {
    case accept, acceptEncoding, accessControlRequestHeaders, accessControlRequestMethod, authorization
    case connection, contentEncoding, contentLength, contentType, expect, host, idempotencyKey, ifMatch,
        ifNoneMatch
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
        case .authorization, .contentLength, .contentType, .expect, .host, .idempotencyKey, .origin,
            .syncToken,
            .transferEncoding:
            true
        default: false
        }
    }

    /// The header whose name is the bytes of `range`, which are not none, without regard to ASCII case.
    init?(_ input: Span<UInt8>, _ range: Range<Int>) {
        let first = input[range.lowerBound] | 0x20
        let found: KnownHeader? =
            switch (range.count, first) {
            case (4, UInt8(ascii: "h")): .host
            case (6, UInt8(ascii: "a")): .accept
            case (6, UInt8(ascii: "e")): .expect
            case (6, UInt8(ascii: "o")): .origin
            case (6, UInt8(ascii: "p")): .prefer
            case (8, UInt8(ascii: "i")): .ifMatch
            case (10, UInt8(ascii: "c")): .connection
            case (10, UInt8(ascii: "s")): .syncToken
            case (10, UInt8(ascii: "t")): .tracestate
            case (11, UInt8(ascii: "t")): .traceparent
            case (12, UInt8(ascii: "c")): .contentType
            case (12, UInt8(ascii: "x")): .xRequestID
            case (13, UInt8(ascii: "a")): .authorization
            case (13, UInt8(ascii: "i")): .ifNoneMatch
            case (14, UInt8(ascii: "c")): .contentLength
            case (15, UInt8(ascii: "a")): .acceptEncoding
            case (15, UInt8(ascii: "i")): .idempotencyKey
            case (16, UInt8(ascii: "c")): .contentEncoding
            case (17, UInt8(ascii: "t")): .transferEncoding
            case (29, UInt8(ascii: "a")): .accessControlRequestMethod
            case (30, UInt8(ascii: "a")): .accessControlRequestHeaders
            default: nil
            }
        guard let found, input.isName(found.name, in: range) else { return nil }
        self = found
    }
}
