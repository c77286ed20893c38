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

    /// The number of a column's type (`PostgresType`).
    func typeNumber(of column: Int) -> UInt32 { unsafe PQftype(result, Int32(truncatingIfNeeded: column)) }

    /// The bytes of a value that is not NULL.
    @_lifetime(borrow self)
    func value(_ row: Int, _ column: Int) -> Span<UInt8> {
        precondition(column >= 0 && column < columns, "there is no such column")
        let (place, field) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
        let length = unsafe Int(PQgetlength(result, place, field))
        // NULL has no length, so that what has one need not be asked.
        precondition(length > 0 || !isNull(row, column), "column \(column) is NULL: read it as optional")
        let start = unsafe PQgetvalue(result, place, field)
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: length)
        // The bytes live as long as the result, which self holds.
        return unsafe _overrideLifetime(Span(_unsafeBytes: bytes), borrowing: self)
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
