/// What is known of an API key; never the key itself.
package struct APIKeyRecord: Sendable {
    package let id: UUID
    package let user: UserID
    package let name: String
    /// The first letters of the key.
    package let hint: String
    package let createdAt: Timestamp
    package let expiresAt: Timestamp?
    package let revokedAt: Timestamp?

    /// True for a key that is taken at the time `now`.
    package func isGood(now: Timestamp) -> Bool { revokedAt == nil && (expiresAt.map { now < $0 } ?? true) }
}

/// The table `api_keys`. Blocks.
package enum APIKeyStore {
    /// Makes a key for `user` and stores its hash; the key itself is given here and never again.
    /// - Parameter name: 1 to 100 characters: what the key is for.
    package static func create(
        user: UserID, name: String, expiresAt: Timestamp?, on session: PostgresConnection
    ) throws(PostgresError) -> (key: APIKey, id: UUID) {
        let key = APIKey()
        let id = UUID.random()
        try session.query(
            insert,
            [
                .uuid(id), .utf8(user.bytes), .text(name), .text(key.hint), .bytea(key.digest.bytes),
                .timestamp(expiresAt),
            ])
        return (key, id)
    }

    /// Every key, or those of one user, the newest first; revoked ones too.
    package static func list(
        user: UserID? = nil, on session: PostgresConnection
    ) throws(PostgresError) -> [APIKeyRecord] {
        try session.query(select, [.utf8(user?.bytes)]).compactMap { record($0) }
    }

    /// Takes a key back, within five seconds on every ingest. False when there is no such key; true again and again
    /// for one that was revoked before, whose time of revocation stays.
    package static func revoke(_ id: UUID, on session: PostgresConnection) throws(PostgresError) -> Bool {
        try session.query(update, [.uuid(id)]).affected > 0
    }

    /// The key with this hash, revoked or not.
    package static func find(
        _ digest: Digest, on session: PostgresConnection
    ) throws(PostgresError) -> APIKeyRecord? {
        try session.query(selectByHash, [.bytea(digest.bytes)]).first.flatMap { record($0) }
    }

    private static let columns = "id, user_id, name, hint, created_at, expires_at, revoked_at"
    private static let insert = PostgresStatement(
        """
        INSERT INTO api_keys (id, user_id, name, hint, key_hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
        """)
    private static let select = PostgresStatement(
        """
        SELECT \(columns) FROM api_keys WHERE $1::text IS NULL OR user_id = $1 ORDER BY created_at DESC, id
        """)
    private static let update = PostgresStatement(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1")
    private static let selectByHash = PostgresStatement(
        name: "api_key_by_hash", "SELECT \(columns) FROM api_keys WHERE key_hash = $1")

    private static func record(_ row: PostgresRow) -> APIKeyRecord? {
        guard let user = UserID(row.bytes(1)) else { return nil }
        return APIKeyRecord(
            id: row.uuid(0), user: user, name: row.text(2), hint: row.text(3), createdAt: row.timestamp(4),
            expiresAt: row.optionalTimestamp(5), revokedAt: row.optionalTimestamp(6))
    }
}

extension UUID {
    /// A random UUIDv4, which nobody can guess.
    package static func random() -> UUID {
        UUID(
            high: SecureRandom.word() & ~0xF000 | 0x4000, low: SecureRandom.word() & ~(3 << 62) | 1 << 63)
    }
}
