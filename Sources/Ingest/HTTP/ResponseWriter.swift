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
        output.append(StatusLine.text(response.status))
        let second = wallMicros / 1_000_000
        if second != commonSecond { makeCommon(second) }
        output.append(contentsOf: common)
        id.append(to: &output)
        if let policy = response.contentSecurityPolicy {
            output.append("\r\nContent-Security-Policy: ")
            output.append(policy)
            output.append("\r\nCache-Control: ")
        } else {
            output.append(Self.policyLine)
        }
        output.append(response.cacheControl)
        if !response.isBodiless {
            output.append(response.contentType.lines)
            output.appendDecimal(Int64(response.body.count))
        }
        output.append("\r\n")
        output.append(contentsOf: response.headers)
        output.append(closes ? "Connection: close\r\n\r\n" : "\r\n")
        if !isHead, !response.isBodiless { output.append(contentsOf: response.body) }
    }

    private static let policyLine: StaticString =
        "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nCache-Control: "

    private mutating func makeCommon(_ second: Int64) {
        commonSecond = second
        common.removeAll(keepingCapacity: true)
        common.append("Date: ")
        common.append(contentsOf: HTTPDate.text(unixSeconds: second).utf8)
        common.append("\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Request-Id: ")
    }
}
