internal import CPostgres

extension PostgresError {
    /// What an error result says; without an SQLSTATE it is libpq that speaks: the session is gone.
    init(result: OpaquePointer, orElse message: String) {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let text = unsafe PQresultErrorField(result, Int32(ascii))
            else {
                return nil
            }
            return unsafe String(cString: text)
        }
        guard let code = field("C"), let state = SQLState(Array(code.utf8)) else {
            self = .disconnected(message)
            return
        }
        var error = PostgresServerError(state: state)
        let severity = field("V") ?? field("S")
        error.isFatal = severity == "FATAL" || severity == "PANIC"
        error.message = field("M") ?? ""
        error.detail = field("D")
        error.hint = field("H")
        error.schema = field("s")
        error.table = field("t")
        error.column = field("c")
        error.constraint = field("n")
        self = .server(error)
    }
}
