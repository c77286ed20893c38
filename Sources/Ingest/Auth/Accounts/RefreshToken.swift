internal import Shared

/// The right to go on with a session: `tlr_`, the session's id and 32 random bytes. Good once; the server keeps only
/// the hash of the newest one.
struct RefreshToken: Sendable {
    let session: UUID
    let text: [UInt8]
    var digest: Digest { SHA256.hash(text) }

    private static let prefix = Array("tlr_".utf8)

    /// The first token of a new session, or the next of an old one.
    init(session: UUID = .random()) {
        var bytes: [UInt8] = []
        session.appendBigEndian(to: &bytes)
        self.session = session
        text = Self.prefix + Base64URL.encode(bytes + SecureRandom.bytes(32))
    }

    /// Nil for what is no such token.
    init?(_ text: [UInt8]) {
        guard text.starts(with: Self.prefix),
            let bytes = Base64URL.decode(Array(text.dropFirst(Self.prefix.count))),
            bytes.count == 48
        else { return nil }
        session = UUID(bigEndian: bytes.span)
        self.text = text
    }
}
