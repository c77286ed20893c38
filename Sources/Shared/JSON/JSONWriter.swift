/// Appends JSON to a byte buffer; puts the commas, escapes the strings. Not checked for balance: a text of ours.
package struct JSONWriter {
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    /// - Parameter capacity: bytes set aside at once.
    package init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Goes on writing after what `bytes` holds already.
    package init(appendingTo bytes: consuming [UInt8]) { self.bytes = bytes }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    package mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Begins an object with members that `write` puts down as JSON, in at most `count` bytes.
    @inline(__always)
    package mutating func beginObject(upTo count: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        beginObject()
        bytes.append(upTo: count, write)
        needsComma = true
    }

    package mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    package mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A member's name, of ASCII without anything to escape; its value is the next thing written.
    package mutating func key(_ name: StaticString) {
        // With the comma before it and the colon behind it in one piece: half of what is written is names.
        let comma = needsComma ? 1 : 0
        let length = name.utf8CodeUnitCount
        unsafe bytes.append(count: comma + length + 3) { room in
            unsafe room.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
            unsafe room.storeBytes(of: UInt8(ascii: "\""), toByteOffset: comma, as: UInt8.self)
            unsafe (room + comma + 1).copyMemory(from: name.utf8Start, byteCount: length)
            let end = unsafe room + comma + 1 + length
            unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
            unsafe end.storeBytes(of: UInt8(ascii: ":"), toByteOffset: 1, as: UInt8.self)
        }
        needsComma = false
    }

    /// A member's name that is only known at run time.
    package mutating func key(text: String) {
        string(text)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A byte between two texts, such as the end of a line: what follows is a text of its own.
    package mutating func between(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = false
    }

    package mutating func null() {
        separate()
        raw("null")
    }

    package mutating func boolean(_ value: Bool) {
        separate()
        raw(value ? "true" : "false")
    }

    package mutating func integer(_ value: some BinaryInteger) {
        separate()
        appendDecimal(Int64(value))
    }

    /// Written with three digits after the point; not finite becomes null, as JSON has no word for it.
    package mutating func decimal(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        let thousandths = Int64((value * 1000).rounded())
        if thousandths < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDecimal(Int64((thousandths / 1000).magnitude))
        let rest = Int((thousandths % 1000).magnitude)
        bytes.append(UInt8(ascii: "."))
        bytes.append(UInt8(ascii: "0") + UInt8(rest / 100))
        bytes.append(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
        bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
    }

    package mutating func string(_ text: StaticString) {
        text.withUTF8Buffer { buffer in string(unsafe buffer.span) }
    }

    package mutating func string(_ text: String) { string(Array(text.utf8).span) }

    package mutating func string(_ text: [UInt8]) { string(text.span) }

    /// A string from valid UTF-8; only what RFC 8259 §7 demands is escaped.
    package mutating func string(_ text: Span<UInt8>) {
        guard text.isFreeOfEscapes else { return escaped(text) }
        let comma: StaticString = needsComma ? ",\"" : "\""
        needsComma = true
        bytes.append(upTo: text.count + 3) { bytes in
            bytes.append(comma)
            bytes.append(text)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    /// The same for a text in which something may have to be escaped.
    private mutating func escaped(_ text: Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for place in 0..<text.count {
            let byte = text[place]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                escape(byte)
            } else {
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func uuid(_ value: UUID) {
        separate()
        unsafe bytes.append(count: UUID.textCount + 2) { room in
            unsafe room.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
            unsafe value.writeText(to: room + 1)
            unsafe room.storeBytes(of: UInt8(ascii: "\""), toByteOffset: UUID.textCount + 1, as: UInt8.self)
        }
    }

    package mutating func timestamp(_ value: Timestamp) {
        separate()
        bytes.append(upTo: Timestamp.textCount + 2) { $0.appendJSON(value) }
    }

    /// A value that `write` puts together, of at most `count` bytes: for one of many pieces, written often.
    @inline(__always)
    mutating func value(upTo count: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        separate()
        bytes.append(upTo: count, write)
    }

    /// A value that is JSON already.
    package mutating func json(_ text: [UInt8]) {
        separate()
        bytes.append(contentsOf: text)
    }

    private mutating func raw(_ text: StaticString) { bytes.append(text) }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            raw("u00")
            bytes.append(Hex.digit(byte >> 4))
            bytes.append(Hex.digit(byte & 15))
        }
    }

    private mutating func appendDecimal(_ value: Int64) { bytes.appendDecimal(value) }
}
