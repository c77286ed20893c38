/// An array of PostgreSQL in its binary form, built element by element straight into the bytes that are sent.
///
/// Set-based statements take their rows as such arrays (`unnest($1, $2, …)`).
package struct PostgresArray: Sendable {
    let type: PostgresType
    package private(set) var count = 0
    /// The elements; what comes before them is known at the end.
    private var bytes: [UInt8]
    private var hasNull = false

    /// - Parameter capacity: how many elements to make room for.
    package init(of type: PostgresType, capacity: Int = 0) {
        self.type = type
        bytes = []
        bytes.reserveCapacity(capacity * 20)
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
        unsafe bytes.append(count: 20) { room in
            unsafe PostgresType.write(16, size: 4, to: room)
            unsafe PostgresType.write(Int64(bitPattern: id.high), size: 8, to: room + 4)
            unsafe PostgresType.write(Int64(bitPattern: id.low), size: 8, to: room + 12)
        }
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
        bytes.append(value)
    }

    /// Appends the whole value as it is sent.
    func encode(to output: inout [UInt8]) {
        // How many dimensions: none where there is no element.
        output.appendNetwork(count > 0 ? 1 : 0, size: 4)
        output.appendNetwork(hasNull ? 1 : 0, size: 4)
        output.appendNetwork(Int64(type.rawValue), size: 4)
        guard count > 0 else { return }
        output.appendNetwork(Int64(count), size: 4)
        output.appendNetwork(1, size: 4)
        output.append(bytes.span)
    }

    private func require(_ type: PostgresType) {
        precondition(self.type == type, "an array of \(self.type) does not hold \(type)")
    }

    private mutating func element(_ value: Int64, size: Int) {
        count += 1
        unsafe bytes.append(count: 4 + size) { room in
            unsafe PostgresType.write(Int64(size), size: 4, to: room)
            unsafe PostgresType.write(value, size: size, to: room + 4)
        }
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
