internal import Shared

/// Reads the grammar of header values from the front: tokens, quoted strings, lists.
struct FieldReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }
    var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 { place += 1 }
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        place += 1
        return true
    }

    mutating func token() -> [UInt8]? {
        let start = place
        while let byte = peek, ByteClass.isToken(byte) { place += 1 }
        return place > start ? Array(bytes[start..<place]) : nil
    }

    /// The content of a quoted string, unescaped; nil, and nothing taken, where there is none.
    mutating func quotedString() -> [UInt8]? {
        let start = place
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"):
                guard let escaped = peek, escaped == 0x09 || escaped >= 0x20 && escaped != 0x7F else {
                    place = start
                    return nil
                }
                text.append(escaped)
                place += 1
            default: text.append(byte)
            }
        }
        place = start
        return nil
    }

    /// The content of an entity tag's quotes (etagc of RFC 9110 §8.8.3: no escapes), quotes included.
    mutating func opaqueTag() -> [UInt8]? {
        let start = place
        guard take("\"") else { return nil }
        while let byte = peek, byte == 0x21 || byte >= 0x23 && byte != 0x7F { place += 1 }
        guard take("\"") else {
            place = start
            return nil
        }
        return Array(bytes[start..<place])
    }

    /// Goes past the next comma that stands outside quotes, or to the end.
    private mutating func skipElement() {
        while let byte = peek {
            if byte == UInt8(ascii: "\""), quotedString() != nil { continue }
            place += 1
            if byte == UInt8(ascii: ",") { return }
        }
    }

    /// The next well-formed preference of the list; parameters are read and dropped.
    mutating func nextPreference() -> Preference? {
        while !isAtEnd {
            skipSpace()
            if take(",") { continue }
            guard let preference = preference(), parametersEndWell() else {
                skipElement()
                continue
            }
            return preference
        }
        return nil
    }

    private mutating func preference() -> Preference? {
        guard let name = token() else { return nil }
        skipSpace()
        guard take("=") else { return Preference(name: name, value: []) }
        skipSpace()
        if let value = quotedString() ?? token() { return Preference(name: name, value: value) }
        return Preference(name: name, value: [])
    }

    /// Reads `; name[=value]` to the end of the list's element; false where that is malformed.
    private mutating func parametersEndWell() -> Bool {
        while true {
            skipSpace()
            if isAtEnd || take(",") { return true }
            guard take(";") else { return false }
            skipSpace()
            guard token() != nil else { continue }
            skipSpace()
            if take("=") {
                skipSpace()
                if quotedString() == nil { _ = token() }
            }
        }
    }
}
