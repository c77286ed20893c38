/// Who sent a request, as a checked token or API key says. Made once for each token and shared from then on.
package final class Identity: Sendable {
    /// What vouched for the sender.
    package enum Source: Sendable { case token, apiKey }

    package let user: UserID
    /// Claims for the user's row; absent when the token has none that PostgreSQL can keep.
    package let email: [UInt8]?
    package let name: [UInt8]?
    /// True with the scope `tasklane:admin`.
    package let isAdmin: Bool
    /// The token's `exp`; far away for an API key without an end.
    package let expiresAt: Timestamp
    package let source: Source

    package init(
        user: UserID, email: [UInt8]? = nil, name: [UInt8]? = nil, isAdmin: Bool = false,
        expiresAt: Timestamp,
        source: Source = .token
    ) {
        self.user = user
        self.email = email
        self.name = name
        self.isAdmin = isAdmin
        self.expiresAt = expiresAt
        self.source = source
    }

    package var userID: [UInt8] { user.bytes }
}
