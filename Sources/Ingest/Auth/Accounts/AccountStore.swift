internal import Shared

/// An account as PostgreSQL has it.
struct Account: Sendable {
    let user: UserID
    let email: [UInt8]
    let name: [UInt8]
    let passwordHash: [UInt8]
}

/// What became of a refresh token.
enum Rotation {
    case rotated(Account)
    /// An old token of a session, which is ended by this.
    case reused
    case unknown
}

/// The tables `accounts` and `sessions`. Blocks.
enum AccountStore {
    /// False when there is an account with this address, in whatever case.
    static func create(_ account: Account, on session: PostgresConnection) throws(PostgresError) -> Bool {
        try session.query(
            insert,
            [
                .utf8(account.user.bytes), .utf8(account.email), .utf8(EmailAddress.key(account.email)),
                .utf8(account.name), .utf8(account.passwordHash),
            ]
        ).affected == 1
    }

    static func find(
        emailKey: [UInt8], on session: PostgresConnection
    ) throws(PostgresError) -> Account? {
        try session.query(selectByEmail, [.utf8(emailKey)]).first.flatMap { account($0) }
    }

    /// Begins a session of `user`, and forgets those of theirs that are over.
    static func begin(
        _ token: RefreshToken, of user: UserID, expiresAt: Timestamp, on session: PostgresConnection
    ) throws(PostgresError) {
        try session.send(deleteExpired, [.utf8(user.bytes)])
        try session.send(
            insertSession,
            [.uuid(token.session), .utf8(user.bytes), .bytea(token.digest.bytes), .timestamp(expiresAt)])
        try session.sync()
    }

    /// Puts `new` in the place of `old`. One statement, so that of two who show the same token one is the second.
    static func rotate(
        _ old: RefreshToken, to new: RefreshToken, expiresAt: Timestamp, on session: PostgresConnection
    ) throws(PostgresError) -> Rotation {
        let rotated = try session.query(
            updateSession,
            [
                .uuid(old.session), .bytea(old.digest.bytes), .bytea(new.digest.bytes), .timestamp(expiresAt),
            ])
        if let account = rotated.first.flatMap({ account($0) }) { return .rotated(account) }
        return try session.query(deleteSession, [.uuid(old.session)]).affected > 0 ? .reused : .unknown
    }

    /// Ends the session of `token`, be it the newest of the session or an old one.
    static func end(_ token: RefreshToken, on session: PostgresConnection) throws(PostgresError) {
        try session.query(deleteSession, [.uuid(token.session)])
    }

    private static let insert = PostgresStatement(
        """
        INSERT INTO accounts (user_id, email, email_key, name, password_hash) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (email_key) DO NOTHING
        """)
    private static let selectByEmail = PostgresStatement(
        name: "account_by_email",
        "SELECT user_id, email, name, password_hash FROM accounts WHERE email_key = $1")
    private static let deleteExpired = PostgresStatement(
        name: "sessions_expired", "DELETE FROM sessions WHERE user_id = $1 AND expires_at < now()")
    private static let insertSession = PostgresStatement(
        name: "session_begin",
        "INSERT INTO sessions (id, user_id, token_hash, expires_at) VALUES ($1, $2, $3, $4)")
    private static let updateSession = PostgresStatement(
        name: "session_rotate",
        """
        UPDATE sessions SET token_hash = $3, refreshed_at = now(), expires_at = $4
        FROM accounts WHERE sessions.id = $1 AND token_hash = $2 AND expires_at > now()
            AND accounts.user_id = sessions.user_id
        RETURNING accounts.user_id, email, name, password_hash
        """)
    private static let deleteSession = PostgresStatement(
        name: "session_end", "DELETE FROM sessions WHERE id = $1")

    private static func account(_ row: PostgresRow) -> Account? {
        guard let user = UserID(row.bytes(0)) else { return nil }
        return Account(user: user, email: row.bytes(1), name: row.bytes(2), passwordHash: row.bytes(3))
    }
}
