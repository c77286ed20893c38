/// An array of PostgreSQL in its binary form, built element by element straight into the bytes that are sent.
///
/// Set-based statements take their rows as such arrays (`unnest($1, $2, …)`).
package struct PostgresArray: Sendable {
    let type: PostgresType
    package private(set) var count = 0
    /// The header's 20 bytes first; count and the null flag are put in at `encoded`.
    private var bytes: [UInt8]
    private var hasNull = false

    /// - Parameter capacity: how many elements to make room for.
    package init(of type: PostgresType, capacity: Int = 0) {
        self.type = type
        bytes = []
        bytes.reserveCapacity(20 + capacity * 20)
        bytes.append(contentsOf: repeatElement(0, count: 20))
    }

    package mutating func appendNull() {
        hasNull = true
        count += 1
        bytes.appendNetwork(-1, size: 4)
    }

    /// Appends a number; it must fit the array's integer type.
    package mutating func append(_ number: some BinaryInteger) {
        switch type {
        case .int2: element(Int64(Int16(number)), size: 2)
        case .int4: element(Int64(Int32(number)), size: 4)
        case .int8: element(Int64(number), size: 8)
        default: preconditionFailure("an array of \(type) holds no numbers")
        }
    }

    package mutating func append(_ flag: Bool) {
        require(.bool)
        element(flag ? 1 : 0, size: 1)
    }

    package mutating func append(_ id: UUID) {
        require(.uuid)
        count += 1
        bytes.appendNetwork(16, size: 4)
        bytes.appendNetwork(Int64(bitPattern: id.high), size: 8)
        bytes.appendNetwork(Int64(bitPattern: id.low), size: 8)
    }

    package mutating func append(_ time: Timestamp) {
        require(.timestamptz)
        element(time.micros - PostgresType.epochMicros, size: 8)
    }

    package mutating func append(_ text: String) {
        require(.text)
        count += 1
        bytes.appendNetwork(Int64(text.utf8.count), size: 4)
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends the bytes of a text (UTF-8), a bytea, a json or a jsonb.
    package mutating func append(_ value: [UInt8]) { append(value.span) }

    package mutating func append(_ value: Span<UInt8>) {
        precondition(
            type == .text || type == .bytea || type == .json || type == .jsonb,
            "an array of \(type) holds no bytes")
        count += 1
        let version = type == .jsonb ? 1 : 0
        bytes.appendNetwork(Int64(value.count + version), size: 4)
        if version == 1 { bytes.append(1) }
        unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// The whole value as it is sent.
    var encoded: [UInt8] {
        guard count > 0 else {
            var empty: [UInt8] = []
            empty.appendNetwork(0, size: 8)
            empty.appendNetwork(Int64(type.rawValue), size: 4)
            return empty
        }
        var header: [UInt8] = []
        for word in [1, hasNull ? 1 : 0, Int64(type.rawValue), Int64(count), 1] {
            header.appendNetwork(word, size: 4)
        }
        var whole = bytes
        whole.replaceSubrange(0..<20, with: header)
        return whole
    }

    private func require(_ type: PostgresType) {
        precondition(self.type == type, "an array of \(self.type) does not hold \(type)")
    }

    private mutating func element(_ value: Int64, size: Int) {
        count += 1
        bytes.appendNetwork(Int64(size), size: 4)
        bytes.appendNetwork(value, size: size)
    }
}

extension PostgresArray {
    package static func uuids(_ values: some Collection<UUID>) -> PostgresArray {
        var array = PostgresArray(of: .uuid, capacity: values.count)
        for value in values { array.append(value) }
        return array
    }

    package static func texts(_ values: some Collection<String>) -> PostgresArray {
        var array = PostgresArray(of: .text, capacity: values.count)
        for value in values { array.append(value) }
        return array
    }

    package static func int8s(_ values: some Collection<Int64>) -> PostgresArray {
        var array = PostgresArray(of: .int8, capacity: values.count)
        for value in values { array.append(value) }
        return array
    }

    /// Appends the value, or a null where there is none.
    package mutating func append(orNull value: [UInt8]?) {
        if let value { append(value) } else { appendNull() }
    }
    package mutating func append(orNull value: String?) {
        if let value { append(value) } else { appendNull() }
    }
    package mutating func append(orNull value: UUID?) { if let value { append(value) } else { appendNull() } }
    package mutating func append(orNull value: Timestamp?) {
        if let value { append(value) } else { appendNull() }
    }
    package mutating func append(orNull value: Int?) { if let value { append(value) } else { appendNull() } }
    package mutating func append(orNull value: Bool?) { if let value { append(value) } else { appendNull() } }
}
