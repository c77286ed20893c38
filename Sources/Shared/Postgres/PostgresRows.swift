internal import CPostgres

/// What one statement gave: its rows, in binary form, and how many rows it changed.
@safe package final class PostgresRows {
    private let result: OpaquePointer
    package let count: Int
    let columns: Int

    /// Takes the result over.
    init(adopting result: OpaquePointer) {
        unsafe self.result = result
        count = unsafe Int(PQntuples(result))
        columns = unsafe Int(PQnfields(result))
    }

    deinit { unsafe PQclear(result) }

    /// How many rows an INSERT, UPDATE, DELETE or SELECT touched; 0 for other statements.
    package var affected: Int {
        guard let text = unsafe PQcmdTuples(result) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    package var isEmpty: Bool { count == 0 }

    package var first: PostgresRow? { count > 0 ? self[0] : nil }

    package subscript(index: Int) -> PostgresRow {
        precondition(index >= 0 && index < count, "there is no such row")
        return PostgresRow(rows: self, index: index)
    }

    func isNull(_ row: Int, _ column: Int) -> Bool {
        precondition(column >= 0 && column < columns, "there is no such column")
        return unsafe PQgetisnull(result, Int32(row), Int32(column)) == 1
    }

    /// The type of a column, nil for one that we do not exchange.
    func type(of column: Int) -> PostgresType? {
        PostgresType(rawValue: unsafe PQftype(result, Int32(column)))
    }

    /// Lends the bytes of a value that is not NULL.
    func withValue<Value, Failure: Error>(
        _ row: Int, _ column: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        precondition(!isNull(row, column), "column \(column) is NULL: read it as optional")
        let length = unsafe Int(PQgetlength(result, Int32(row), Int32(column)))
        let start = unsafe PQgetvalue(result, Int32(row), Int32(column))
        // The bytes live as long as the result, which self holds.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: length)
        return try body(unsafe Span(_unsafeBytes: bytes))
    }
}

extension PostgresRows: Sequence {
    package func makeIterator() -> AnyIterator<PostgresRow> {
        var next = 0
        return AnyIterator {
            guard next < self.count else { return nil }
            next += 1
            return PostgresRow(rows: self, index: next - 1)
        }
    }
}
