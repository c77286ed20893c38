/// Where the parts of a JWS in compact form lie (RFC 7515 §7.1): `header.claims.signature`.
struct CompactToken {
    let header: Range<Int>
    let claims: Range<Int>
    let signature: Range<Int>

    /// What the signature is over: `header.claims`, as it came.
    var signed: Range<Int> { 0..<claims.upperBound }

    /// Longer ones cannot come in a header line of 8 KiB (API.md §9).
    static let bytesMax = 8192

    /// Finds exactly two dots; nil otherwise. An empty signature is found and refused where it is checked.
    init?(_ token: Span<UInt8>) {
        guard token.count <= Self.bytesMax else { return nil }
        var dots = (first: -1, second: -1)
        for place in token.indices where token[place] == UInt8(ascii: ".") {
            if dots.first < 0 {
                dots.first = place
            } else if dots.second < 0 {
                dots.second = place
            } else {
                return nil
            }
        }
        guard dots.first > 0, dots.second > dots.first + 1 else { return nil }
        header = 0..<dots.first
        claims = dots.first + 1..<dots.second
        signature = dots.second + 1..<token.count
    }
}
