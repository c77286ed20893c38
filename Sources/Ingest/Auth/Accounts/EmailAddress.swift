/// E-mail addresses as accounts have them: ASCII, so that "the same in whatever case" has one meaning. With more than
/// ASCII it depends on who folds: `lowercased()` makes a `k` of the Kelvin sign, and two people one.
enum EmailAddress {
    /// `local@domain` with a plain local part (RFC 5322 dot-atom) and a host name with a dot; 254 bytes at most.
    static func isWellFormed(_ text: [UInt8]) -> Bool {
        guard text.count <= 254, let at = text.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let local = text[..<at]
        guard (1...64).contains(local.count), isDotted(local, isAtom) else { return false }
        let domain = text[(at + 1)...]
        return domain.contains(UInt8(ascii: ".")) && isDotted(domain, isHostLetter)
            && domain.split(separator: UInt8(ascii: ".")).allSatisfy { label in
                label.count <= 63 && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
            }
    }

    /// What two spellings of the same address have in common.
    static func key(_ text: [UInt8]) -> [UInt8] {
        text.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Words of good letters with single dots between them.
    private static func isDotted(_ text: ArraySlice<UInt8>, _ isGood: (UInt8) -> Bool) -> Bool {
        text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { word in
            !word.isEmpty && word.allSatisfy(isGood)
        }
    }

    private static func isHostLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isAtom(_ byte: UInt8) -> Bool {
        isHostLetter(byte) || Array("!#$%&'*+/=?^_`{|}~".utf8).contains(byte)
    }
}
