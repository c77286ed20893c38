internal import Shared

/// The credentials of `Authorization: Bearer <token>` (RFC 6750 §2.1).
enum BearerToken {
    /// The token in the header's value. The scheme is compared without regard to ASCII case (RFC 9110 §11.1).
    static func find(in value: ArraySlice<UInt8>?) throws(TokenFault) -> ArraySlice<UInt8> {
        guard let value, !value.isEmpty else { throw .missing }
        guard value.count > 7, value.prefix(6).equalsIgnoringCase("bearer"),
            value[value.startIndex + 6] == UInt8(ascii: " ")
        else { throw .scheme }
        let token = value.dropFirst(7).drop { $0 == UInt8(ascii: " ") }
        guard !token.isEmpty else { throw .scheme }
        return token
    }
}
