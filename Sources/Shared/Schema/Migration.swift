/// One numbered step of the schema: a file of `SQL/`, embedded at build. Steps are only ever added.
package struct Migration: Sendable {
    /// 1, 2, … without a gap; `schema_version` in the settings is the last one that was run.
    package let number: Int
    /// What the file is called after its number.
    package let name: String
    package let sql: [UInt8]

    /// Every step, in order. A new file in `SQL/` gets its line here (SwiftPM replaces the leading 0 of `0001_x.sql`).
    package static let all: [Migration] = [
        Migration(number: 1, name: "tables", sql: PackageResources._001_tables_sql),
        Migration(number: 2, name: "accounts", sql: PackageResources._002_accounts_sql),
        Migration(number: 3, name: "domains", sql: PackageResources._003_domains_sql),
    ]

    /// The version that this build of the daemons works with.
    package static let latest = all.count
}
