/// Lines in the making: the fields of the last one are written straight behind the lines before it.
package struct LogLines {
    /// Used where lines are JSON; `text` where they are not.
    private var json = JSONWriter(capacity: 0)
    private var text: [UInt8] = []
    private let isJSON: Bool
    private let prefixesPriority: Bool

    init(_ format: LogFormat, prefixesPriority: Bool) {
        isJSON = format == .json
        self.prefixesPriority = prefixesPriority
    }

    var bytes: [UInt8] { isJSON ? json.bytes : text }

    mutating func removeAll() {
        json.removeAll()
        text.removeAll(keepingCapacity: true)
    }

    mutating func begin(_ level: LogLevel, _ message: StaticString, at now: Timestamp) {
        if prefixesPriority {
            put(UInt8(ascii: "<"))
            put(UInt8(ascii: "0") + level.priority)
            put(UInt8(ascii: ">"))
        }
        guard isJSON else {
            now.append(to: &text)
            text.append(contentsOf: " \(level.name.uppercased()) ".utf8)
            return text.append(message)
        }
        json.beginObject()
        json.key("ts")
        json.timestamp(now)
        json.key("level")
        json.string(level.name)
        json.key("msg")
        json.string(message)
    }

    mutating func end() {
        if isJSON { json.endObject() }
        put(UInt8(ascii: "\n"))
    }

    private mutating func put(_ byte: UInt8) { if isJSON { json.between(byte) } else { text.append(byte) } }

    private mutating func name(_ name: StaticString) {
        guard !isJSON else { return json.key(name) }
        text.append(UInt8(ascii: " "))
        text.append(name)
        text.append(UInt8(ascii: "="))
    }

    package mutating func word(_ name: StaticString, _ value: StaticString) {
        self.name(name)
        if isJSON { json.string(value) } else { text.append(value) }
    }

    package mutating func integer(_ name: StaticString, _ value: some BinaryInteger) {
        self.name(name)
        if isJSON { json.integer(value) } else { text.appendDecimal(Int64(clamping: value)) }
    }

    package mutating func uuid(_ name: StaticString, _ value: UUID) {
        self.name(name)
        if isJSON { json.uuid(value) } else { value.appendText(to: &text) }
    }

    package mutating func bytes(_ name: StaticString, _ value: [UInt8]) {
        self.name(name)
        let valid = LogLines.repaired(value)
        if isJSON { json.string(valid) } else { text.append(contentsOf: LogLines.oneLine(valid)) }
    }

    mutating func add(_ field: LogField) {
        switch field.value {
        case .text(let value): bytes(field.name, Array(value.utf8))
        case .bytes(let value): bytes(field.name, value)
        case .word(let value): word(field.name, value)
        case .integer(let value): integer(field.name, value)
        case .uuid(let value): uuid(field.name, value)
        case .decimal(let value):
            name(field.name)
            if isJSON { json.decimal(value) } else { text.append(contentsOf: "\(value)".utf8) }
        }
    }

    /// Valid UTF-8 whatever came in, so that every line stays JSON.
    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        bytes.allSatisfy { $0 < 0x80 } ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    /// Control bytes replaced, so that nobody's data can forge a second line.
    private static func oneLine(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
    }
}
