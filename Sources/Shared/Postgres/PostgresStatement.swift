/// A statement of SQL with `$1` … for its parameters.
package struct PostgresStatement: Sendable, Hashable {
    /// Under which name it is prepared at its first use in a session; nil: parsed and planned each time.
    package let name: String?
    package let sql: String

    /// A statement that is used once or seldom.
    package init(_ sql: String) {
        name = nil
        self.sql = sql
    }

    /// A statement that is used again and again. The name must be its own in the whole program.
    package init(name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}
