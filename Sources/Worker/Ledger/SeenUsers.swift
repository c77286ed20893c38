import Shared

/// Users whose rows are known to be up to date, so that a mutation costs `users` nothing but the first time. Forgets
/// everything when full: a second upsert of the same row changes nothing.
struct SeenUsers {
    static let countMax = 100_000

    private struct Claims: Equatable {
        var email: [UInt8]?
        var name: [UInt8]?
    }
    private var claims: [UserID: Claims] = [:]

    /// One row for each user that is new, or whose claims differ; later ones win. In order of id, as locks are taken.
    func unseen(_ rows: [UserRow]) -> [UserRow] {
        var unseen: [UserID: UserRow] = [:]
        for row in rows {
            if let claims = claims[row.user] {
                let isNews =
                    row.email != nil && row.email != claims.email
                    || row.name != nil && row.name != claims.name
                if !isNews && unseen.isEmpty { continue }
            }
            if var earlier = unseen[row.user] {
                earlier.email = row.email ?? earlier.email
                earlier.name = row.name ?? earlier.name
                unseen[row.user] = earlier
            } else {
                unseen[row.user] = row
            }
        }
        return unseen.values.sorted { $0.user.bytes.lexicographicallyPrecedes($1.user.bytes) }
    }

    /// The rows were committed.
    mutating func note(_ rows: [UserRow]) {
        if claims.count + rows.count > SeenUsers.countMax { claims = [:] }
        for row in rows {
            let before = claims[row.user]
            claims[row.user] = Claims(email: row.email ?? before?.email, name: row.name ?? before?.name)
        }
    }
}
