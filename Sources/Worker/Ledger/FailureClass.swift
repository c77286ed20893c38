/// Whose fault an SQLSTATE is (DESIGN.md §1). The list of those that blame a mutation stands here and nowhere else:
/// whatever is not named is an outage, because blaming the innocent loses their changes and waiting loses nothing.
enum FailureClass: Equatable, Sendable {
    case outage
    case mutation(isRetryable: Bool)
    /// The inbox holds the id already.
    case overtaken

    /// - Parameters:
    ///   - constraint: the violated constraint's name, empty where the server named none.
    ///   - table: the table's name, empty likewise.
    init(sqlState: String, constraint: String = "", table: String = "") {
        let state = Array(sqlState.utf8)
        guard state.count == 5 else {
            self = .outage
            return
        }
        if sqlState == "P0001" {
            // RAISE EXCEPTION of a trigger: what it looked at may be different next time.
            self = .mutation(isRetryable: true)
        } else if sqlState == "23505" && (table == "requests" || table.hasPrefix("requests_")) {
            self = .overtaken
        } else if sqlState == "23514" && constraint.isEmpty {
            // No partition for the row: the schema's fault, not the row's.
            self = .outage
        } else {
            switch (state[0], state[1]) {
            case (UInt8(ascii: "2"), UInt8(ascii: "2")), (UInt8(ascii: "2"), UInt8(ascii: "3")),
                (UInt8(ascii: "4"), UInt8(ascii: "4")):
                self = .mutation(isRetryable: false)
            default: self = .outage
            }
        }
    }
}
