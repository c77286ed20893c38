internal import Shared

/// The W3C `traceparent` header; what is malformed is passed over, as that recommendation demands.
enum TraceParent {
    /// The 32 digits of the trace id, or nil where the header is not one we may go on from.
    static func traceID(_ value: [UInt8]) -> [UInt8]? {
        guard value.count >= 55, value[2] == dash, value[35] == dash, value[52] == dash,
            let version = hex(value, 0..<2), let trace = hex(value, 3..<35),
            let parent = hex(value, 36..<52), hex(value, 53..<55) != nil
        else { return nil }
        guard version != [f, f], trace.contains(where: { $0 != zero }),
            parent.contains(where: { $0 != zero })
        else { return nil }
        // Version 00 ends here; a later one may go on after a dash.
        if value.count > 55 {
            guard version != [zero, zero], value[55] == dash else { return nil }
        }
        return trace
    }

    private static let dash = UInt8(ascii: "-")
    private static let zero = UInt8(ascii: "0")
    private static let f = UInt8(ascii: "f")

    /// The bytes of `range` where all are lower-case hexadecimal digits.
    private static func hex(_ value: [UInt8], _ range: Range<Int>) -> [UInt8]? {
        let isHex = value[range].allSatisfy { byte in
            (zero...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...f).contains(byte)
        }
        return isHex ? Array(value[range]) : nil
    }
}
