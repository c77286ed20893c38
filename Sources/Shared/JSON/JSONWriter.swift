/// Appends JSON to a byte buffer; puts the commas, escapes the strings. Not checked for balance: a text of ours.
package struct JSONWriter {
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    /// - Parameter capacity: bytes set aside at once.
    package init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
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
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member's name that is only known at run time.
    package mutating func key(text: String) {
        string(text)
        bytes.append(UInt8(ascii: ":"))
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
        separate()
        bytes.append(UInt8(ascii: "\""))
        unsafe text.withUnsafeBufferPointer { buffer in
            var clean = 0
            for place in 0..<buffer.count {
                let byte = unsafe buffer[place]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                    continue
                }
                unsafe bytes.append(contentsOf: buffer[clean..<place])
                clean = place + 1
                escape(byte)
            }
            unsafe bytes.append(contentsOf: buffer[clean..<buffer.count])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func uuid(_ value: UUID) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.appendText(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func timestamp(_ value: Timestamp) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.append(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A value that is JSON already.
    package mutating func json(_ text: [UInt8]) {
        separate()
        bytes.append(contentsOf: text)
    }

    private mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

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

extension [UInt8] {
    /// Appends the decimal digits of `value` without making a `String`.
    package mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        if rest < 10 { return append(UInt8(ascii: "0") + UInt8(rest)) }
        let start = count
        while rest > 0 {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        self[start..<count].reverse()
    }

    /// Appends the bytes of `text`.
    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }
}
