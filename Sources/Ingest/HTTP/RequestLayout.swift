/// Where the parts of a request head are, as offsets from the first byte of the request.
struct RequestLayout: Sendable {
    /// A part of the head; heads are at most 24 KiB, so that 16 bits hold an offset.
    struct Part: Sendable {
        var start: UInt16 = 0
        var count: UInt16 = 0

        init() {}
        init(_ range: Range<Int>) {
            start = UInt16(range.lowerBound)
            count = UInt16(range.count)
        }
        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    /// How the end of the body is found.
    enum Framing: Equatable, Sendable {
        case none
        case length(Int)
        case chunked
    }

    /// Path segments whose places are kept; no route has more.
    static let segmentsMax = 12

    var method = Method.get
    var isVersion10 = false
    /// The client asked for the connection to be closed, or speaks HTTP/1.0.
    var closes = false
    var expectsContinue = false
    /// The target is `*` (of OPTIONS).
    var isAsterisk = false
    /// The path has percent-encoded bytes.
    var isEscaped = false
    var hasQuery = false
    var target = Part()
    var path = Part()
    var query = Part()
    var authority = Part()
    var segments = InlineArray<12, Part>(repeating: Part())
    var segmentCount = 0
    var headers = InlineArray<21, Part>(repeating: Part())
    var present: UInt32 = 0
    var repeated: UInt32 = 0
    /// The first byte of the header lines, and the first after the head.
    var headersStart = 0
    var headEnd = 0
    var framing = Framing.none

    @inline(__always)
    func has(_ header: KnownHeader) -> Bool { present & Self.bit(header) != 0 }
    @inline(__always)
    func isRepeated(_ header: KnownHeader) -> Bool { repeated & Self.bit(header) != 0 }
    @inline(__always)
    func value(_ header: KnownHeader) -> Range<Int> { headers[Int(header.rawValue)].range }

    @inline(__always)
    private static func bit(_ header: KnownHeader) -> UInt32 { 1 << UInt32(header.rawValue) }

    /// Notes a header line; false when it is a second one of a header that may stand once.
    @inline(__always)
    mutating func note(_ header: KnownHeader, _ value: Range<Int>) -> Bool {
        let bit = Self.bit(header)
        if present & bit != 0 {
            repeated |= bit
            return !header.isSingleton
        }
        present |= bit
        headers[Int(header.rawValue)] = Part(value)
        return true
    }
}
