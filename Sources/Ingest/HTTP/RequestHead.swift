/// A request head: its bytes, kept once, and where the parts are. An object, because it is handed on often
/// and never changed.
final class RequestHead: Sendable {
    let bytes: [UInt8]
    let layout: RequestLayout
    /// The `X-Request-Id` of the answer.
    let correlationID: CorrelationID
    /// The path with each segment decoded, where anything was encoded; it has no slash that the raw path has
    /// not.
    private let decoded: DecodedPath?

    init(bytes: [UInt8], layout: RequestLayout, mintedID: CorrelationID) {
        self.bytes = bytes
        self.layout = layout
        self.decoded = layout.isEscaped ? DecodedPath(bytes, layout) : nil
        self.correlationID = CorrelationID(client: bytes.span, layout) ?? mintedID
    }

    /// The same head in front of a body: `bytes` begins with the bytes of this head.
    func with(bytes: [UInt8]) -> RequestHead { RequestHead(copying: self, bytes: bytes) }

    private init(copying head: RequestHead, bytes: [UInt8]) {
        self.bytes = bytes
        layout = head.layout
        correlationID = head.correlationID
        decoded = head.decoded
    }

    var method: Method { layout.method }
    /// The target as sent.
    var target: ArraySlice<UInt8> { bytes[layout.target.range] }
    /// The path as sent, without query; still encoded.
    var path: ArraySlice<UInt8> { bytes[layout.path.range] }
    /// What follows the `?`, still encoded; nil without one.
    var query: ArraySlice<UInt8>? { layout.hasQuery ? bytes[layout.query.range] : nil }

    /// How many segments the path has: 1 (an empty one) for `/`, 2 for `/a/`, 0 for `OPTIONS *`.
    var segmentCount: Int { layout.segmentCount }

    /// A segment of the path, percent-decoded once. At most `RequestLayout.segmentsMax` can be asked for.
    func segment(_ index: Int) -> ArraySlice<UInt8> {
        precondition(index < min(segmentCount, RequestLayout.segmentsMax), "there is no such segment")
        if let decoded { return decoded.segments[index] }
        return bytes[layout.segments[index].range]
    }

    /// True when the segment is exactly `text`.
    func segment(_ index: Int, is text: StaticString) -> Bool {
        withSegment(index) { $0.equals(text, in: 0..<$0.count) }
    }

    /// Lends a segment of the path, percent-decoded.
    @inline(__always)
    func withSegment<Value>(_ index: Int, _ body: (Span<UInt8>) -> Value) -> Value {
        precondition(index < min(segmentCount, RequestLayout.segmentsMax), "there is no such segment")
        if let decoded {
            let segment = decoded.segments[index]
            return body(segment.span)
        }
        let bytes = bytes
        return body(bytes.span.extracting(layout.segments[index].range))
    }

    /// The value of a header, without blanks around it; of the first line where there are several.
    subscript(_ header: KnownHeader) -> ArraySlice<UInt8>? {
        layout.has(header) ? bytes[layout.value(header)] : nil
    }

    /// True when the header is there, once or first, and its value is exactly `text`.
    func value(of header: KnownHeader, is text: StaticString) -> Bool {
        guard layout.has(header) else { return false }
        let bytes = bytes
        return bytes.span.equals(text, in: layout.value(header))
    }

    /// True when the header stands more than once; `forEachValue` gives all.
    func isRepeated(_ header: KnownHeader) -> Bool { layout.isRepeated(header) }

    /// Calls `body` with the value of each line of `header`, in order.
    func forEachValue(of header: KnownHeader, _ body: (ArraySlice<UInt8>) -> Void) {
        guard layout.has(header) else { return }
        forEachHeader { name, value in
            if name.equalsIgnoringCase(header.name) { body(value) }
        }
    }

    /// Calls `body` with the name and value of each header line, in order.
    func forEachHeader(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        let bytes = bytes
        var start = layout.headersStart
        while start < layout.headEnd - 2 {
            // The parser has seen a colon and a CRLF in each line.
            guard let colon = bytes[start...].firstIndex(of: UInt8(ascii: ":")),
                let end = bytes[colon...].firstIndex(of: 0x0D)
            else { return }
            body(bytes[start..<colon], bytes[bytes.span.trimmed(colon + 1..<end)])
            start = end + 2
        }
    }

}

/// A whole request: the head, and the body behind it in the same bytes.
struct Request: Sendable {
    let head: RequestHead
    /// The connection, for asking whose it is; only while the handler has not waited yet.
    var socket: Int32 = -1
    /// The body as sent, or put together from its chunks; empty when there is none.
    var body: ArraySlice<UInt8> { head.bytes[head.layout.headEnd...] }
}

/// The segments of a path that has percent signs, decoded.
private struct DecodedPath: Sendable {
    let segments: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8], _ layout: RequestLayout) {
        segments = (0..<min(layout.segmentCount, RequestLayout.segmentsMax)).map { index in
            let raw = bytes[layout.segments[index].range]
            var decoded: [UInt8] = []
            var rest = raw[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%"), let high = rest.popFirst(), let low = rest.popFirst() else {
                    decoded.append(byte)
                    continue
                }
                // The parser has seen that both are hexadecimal digits.
                decoded.append((ByteClass.hexValue(high) ?? 0) << 4 | (ByteClass.hexValue(low) ?? 0))
            }
            return decoded[...]
        }
    }
}

extension ArraySlice<UInt8> {
    /// True when the bytes are exactly `text`.
    func equals(_ text: StaticString) -> Bool { span.equals(text, in: 0..<count) }
    /// True when the bytes are `text`, which is in lower case, without regard to ASCII case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool { span.equalsIgnoringCase(text, in: 0..<count) }
}
