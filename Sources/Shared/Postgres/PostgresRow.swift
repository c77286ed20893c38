/// One row. Columns are numbered from 0; to ask for a type that the column has not is a bug, as is NULL
/// for what is not optional.
package struct PostgresRow {
    let rows: PostgresRows
    let index: Int

    package func isNull(_ column: Int) -> Bool { rows.isNull(index, column) }

    /// The bytes of a text, bytea, json or jsonb (without its version byte), where they stand.
    @_lifetime(borrow self)
    package func span(_ column: Int) -> Span<UInt8> {
        let bytes = rows.value(index, column)
        let skip = rows.typeNumber(of: column) == PostgresType.jsonb.rawValue ? 1 : 0
        return unsafe _overrideLifetime(bytes.extracting(skip...), borrowing: self)
    }

    package func bytes(_ column: Int) -> [UInt8] {
        unsafe span(column).withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }

    package func text(_ column: Int) -> String {
        unsafe span(column).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A number of any integer type.
    package func int(_ column: Int) -> Int {
        switch rows.typeNumber(of: column) {
        case PostgresType.int2.rawValue: Int(Int16(bigEndian: word(column)))
        case PostgresType.int4.rawValue: Int(Int32(bigEndian: word(column)))
        case PostgresType.int8.rawValue: Int(Int64(bigEndian: word(column)))
        default: preconditionFailure("column \(column) is no integer")
        }
    }

    package func bool(_ column: Int) -> Bool {
        require(.bool, column)
        return word(column) as UInt8 != 0
    }

    package func uuid(_ column: Int) -> UUID {
        require(.uuid, column)
        return UUID(bigEndian: rows.value(index, column))
    }

    /// A timestamptz; `infinity` is the far end of what 64 bits hold.
    package func timestamp(_ column: Int) -> Timestamp {
        require(.timestamptz, column)
        let word = Int64(bigEndian: word(column))
        let (micros, overflow) = word.addingReportingOverflow(PostgresType.epochMicros)
        return Timestamp(micros: overflow ? .max : micros)
    }

    /// All rows have the types of the first, where it is looked at: half as many calls for a page of a list.
    private func require(_ type: PostgresType, _ column: Int) {
        guard index == 0 else { return }
        precondition(rows.typeNumber(of: column) == type.rawValue, "column \(column) is no \(type)")
    }

    /// The bytes of a column as they stand, most significant first.
    private func word<Word: FixedWidthInteger & BitwiseCopyable>(_ column: Int) -> Word {
        let bytes = rows.value(index, column)
        precondition(bytes.count == MemoryLayout<Word>.size, "column \(column) has \(bytes.count) bytes")
        return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Word.self) }
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
