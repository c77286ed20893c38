/// One row. Columns are numbered from 0; to ask for a type that the column has not is a bug, as is NULL
/// for what is not optional.
package struct PostgresRow {
    let rows: PostgresRows
    let index: Int

    package func isNull(_ column: Int) -> Bool { rows.isNull(index, column) }

    /// Lends the bytes of a text, bytea, json or jsonb (without its version byte).
    package func withBytes<Value, Failure: Error>(
        _ column: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let skip = rows.type(of: column) == .jsonb ? 1 : 0
        return try rows.withValue(index, column) { (bytes) throws(Failure) in
            try body(bytes.extracting(skip...))
        }
    }

    package func bytes(_ column: Int) -> [UInt8] {
        withBytes(column) { bytes in
            unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        }
    }

    package func text(_ column: Int) -> String {
        withBytes(column) { bytes in
            unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }

    /// A number of any integer type.
    package func int(_ column: Int) -> Int {
        switch rows.type(of: column) {
        case .int2: Int(Int16(truncatingIfNeeded: word(column, size: 2)))
        case .int4: Int(Int32(truncatingIfNeeded: word(column, size: 4)))
        case .int8: Int(word(column, size: 8))
        default: preconditionFailure("column \(column) is no integer")
        }
    }

    package func bool(_ column: Int) -> Bool {
        require(.bool, column)
        return word(column, size: 1) != 0
    }

    package func uuid(_ column: Int) -> UUID {
        require(.uuid, column)
        return rows.withValue(index, column) { UUID(bigEndian: $0) }
    }

    /// A timestamptz; `infinity` is the far end of what 64 bits hold.
    package func timestamp(_ column: Int) -> Timestamp {
        require(.timestamptz, column)
        let (micros, overflow) = word(column, size: 8).addingReportingOverflow(PostgresType.epochMicros)
        return Timestamp(micros: overflow ? .max : micros)
    }

    private func require(_ type: PostgresType, _ column: Int) {
        precondition(rows.type(of: column) == type, "column \(column) is no \(type)")
    }

    private func word(_ column: Int, size: Int) -> Int64 {
        rows.withValue(index, column) { bytes in
            precondition(bytes.count == size, "column \(column) has \(bytes.count) bytes instead of \(size)")
            var word: Int64 = 0
            for place in 0..<size { word = word << 8 | Int64(bytes[place]) }
            return word
        }
    }
}

extension PostgresRow {
    package func optionalBytes(_ column: Int) -> [UInt8]? { isNull(column) ? nil : bytes(column) }
    package func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
    package func optionalInt(_ column: Int) -> Int? { isNull(column) ? nil : int(column) }
    package func optionalBool(_ column: Int) -> Bool? { isNull(column) ? nil : bool(column) }
    package func optionalUUID(_ column: Int) -> UUID? { isNull(column) ? nil : uuid(column) }
    package func optionalTimestamp(_ column: Int) -> Timestamp? { isNull(column) ? nil : timestamp(column) }
}
