/// The two spellings of a P-256 signature: r ‖ s of IEEE P1363 in a JWS, a DER sequence for OpenSSL.
enum ECDSASignature {
    /// The DER form of exactly 64 bytes r ‖ s (RFC 7518 §3.4); nil for any other length.
    static func der(fromConcatenation bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count == 64 else { return nil }
        let content = integer(bytes[..<32]) + integer(bytes[32...])
        return [0x30, UInt8(content.count)] + content
    }

    /// A DER INTEGER: no leading zeros, but one where the first bit would read as a sign.
    private static func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        if digits.isEmpty || digits[0] & 0x80 != 0 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
