internal import Shared

/// The credentials of `Authorization: Bearer <token>` (RFC 6750 §2.1).
enum BearerToken {
    /// Where the token stands in the header's value. The scheme is compared without regard to ASCII case
    /// (RFC 9110 §11.1).
    static func find(in value: Span<UInt8>) throws(TokenFault) -> Range<Int> {
        guard value.count > 0 else { throw .missing }
        let space = UInt8(ascii: " ")
        guard value.count > 7, value.isName("bearer", in: 0..<6), value[6] == space else { throw .scheme }
        var start = 7
        while start < value.count, value[start] == space { start += 1 }
        guard start < value.count else { throw .scheme }
        return start..<value.count
    }
}
