internal import Shared

/// Writes answers as bytes; keeps the headers that all answers have, with the date of this second.
struct ResponseWriter {
    private var common: [UInt8] = []
    private var commonSecond = Int64.min

    /// Appends the whole answer to `output`.
    ///
    /// - Parameter isHead: the request was a HEAD, so that the body stays here.
    mutating func append(
        _ response: borrowing Response, to output: inout [UInt8], isHead: Bool, closes: Bool,
        id: CorrelationID,
        wallMicros: Int64
    ) {
        let second = wallMicros / 1_000_000
        if second != commonSecond { makeCommon(second) }
        let common = common
        let policy = response.contentSecurityPolicy ?? Self.policy
        let body = isHead || response.isBodiless ? [] : response.body
        let pieces = common.count + policy.utf8CodeUnitCount + response.headers.count + body.count
        output.append(upTo: Self.otherBytesMax + pieces) { output in
            output.append(StatusLine.text(response.status))
            output.append(common.span)
            id.append(to: &output)
            output.append("\r\nContent-Security-Policy: ")
            output.append(policy)
            output.append("\r\nCache-Control: ")
            output.append(response.cacheControl)
            if !response.isBodiless {
                output.append(response.contentType.lines)
                output.appendDecimal(Int64(response.body.count))
            }
            output.append("\r\n")
            output.append(response.headers.span)
            output.append(closes ? "Connection: close\r\n\r\n" : "\r\n")
            output.append(body.span)
        }
    }

    private static let policy: StaticString = "default-src 'none'; frame-ancestors 'none'"
    /// What the pieces come to at most that are not counted for each answer: texts of this program, all of them short.
    private static let otherBytesMax = 512

    private mutating func makeCommon(_ second: Int64) {
        commonSecond = second
        common.removeAll(keepingCapacity: true)
        common.append("Date: ")
        common.append(contentsOf: HTTPDate.text(unixSeconds: second).utf8)
        common.append("\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Request-Id: ")
    }
}
