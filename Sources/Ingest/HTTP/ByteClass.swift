/// Which bytes may stand where, by RFC 9110 and RFC 3986.
enum ByteClass {
    // One bit for each of the 128 ASCII characters: first those below 64, then the others. Written as
    // numbers, because a computed one is looked up behind a lock at each use; ByteClassTests spells the sets
    // out.
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    private static let pathLow: UInt64 = 0x2FFF_FFF2_0000_0000
    private static let pathHigh: UInt64 = 0x47FF_FFFE_87FF_FFFF
    private static let hostLow: UInt64 = 0x2FFF_7FF2_0000_0000
    private static let hostHigh: UInt64 = 0x47FF_FFFE_AFFF_FFFE

    @inline(__always)
    private static func has(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let word = byte < 64 ? low : high
        return byte < 128 && word & (1 << UInt64(byte & 63)) != 0
    }

    /// May stand in a method or a header name.
    static func isToken(_ byte: UInt8) -> Bool { has(byte, tokenLow, tokenHigh) }
    /// May stand in a path, `/` and `%` among them.
    static func isPath(_ byte: UInt8) -> Bool { has(byte, pathLow, pathHigh) }
    /// The same without `%`.
    static func isPlainPath(_ byte: UInt8) -> Bool { byte != UInt8(ascii: "%") && isPath(byte) }
    /// May stand in a host with port.
    static func isHost(_ byte: UInt8) -> Bool { has(byte, hostLow, hostHigh) }
    /// A visible ASCII character.
    static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }
    /// May stand in a header's value: no control character but the tab.
    static func isValue(_ byte: UInt8) -> Bool { byte >= 0x20 ? byte != 0x7F : byte == 0x09 }
    /// Space or tab.
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    /// `0` to `9`.
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The ASCII letter in lower case; every other byte as it is.
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// The value of a hexadecimal digit.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let letter = byte | 0x20
        return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : nil
    }
}
