internal import Shared

/// What may be granted: an access token, and the refresh token to go on with.
struct Grant: Sendable {
    static let accessTime: Duration = .seconds(900)
    static let refreshTime: Duration = .seconds(30 * 86_400)

    let account: Account
    let accessToken: [UInt8]
    let refreshToken: RefreshToken
}

/// Why nothing was granted.
enum Denial: Error {
    case emailTaken
    /// Unknown address or wrong password: nobody is told which.
    case wrongCredentials
    /// No refresh token of a session that goes on; `isReuse` when an old token ended its session.
    case wrongToken(isReuse: Bool)
    case storage(PostgresError)
    /// No memory for a hash, or no secret to sign with.
    case unable
}

/// Registers, checks passwords and renews sessions. Belongs to one thread; every call blocks, for a hash or a query.
final class AccountDesk {
    private let session: LazySession
    private let ring: KeyRing
    private let cost: PasswordCost
    /// A password's hash for addresses that nobody has: finding that out must take as long as a wrong password.
    private let decoy: [UInt8]

    init(_ options: PostgresOptions, ring: KeyRing, cost: PasswordCost) {
        session = LazySession(options)
        self.ring = ring
        self.cost = cost
        decoy = PasswordHash.make(SecureRandom.bytes(16), cost: cost) ?? []
    }

    func register(_ fields: AccountFields, now: Timestamp) throws(Denial) -> Grant {
        guard let hash = PasswordHash.make(fields["password"], cost: cost),
            let user = UserID(UUID.random().text)
        else { throw .unable }
        let account = Account(user: user, email: fields["email"], name: fields["name"], passwordHash: hash)
        let isNew = try stored { session throws(PostgresError) in
            try AccountStore.create(account, on: session)
        }
        guard isNew else { throw .emailTaken }
        return try begin(account, now)
    }

    func logIn(_ fields: AccountFields, now: Timestamp) throws(Denial) -> Grant {
        let key = EmailAddress.key(fields["email"])
        let account: Account?
        do throws(PostgresError) {
            account = try session.asking { session throws(PostgresError) in
                try AccountStore.find(emailKey: key, on: session)
            }
        } catch { throw .storage(error) }
        let password = Array(fields["password"].prefix(AccountFields.passwordBytesMax + 1))
        let isRight = PasswordHash.matches(password, hash: account?.passwordHash ?? decoy)
        guard let account, isRight else { throw .wrongCredentials }
        return try begin(account, now)
    }

    func refresh(_ old: RefreshToken, now: Timestamp) throws(Denial) -> Grant {
        let new = RefreshToken(session: old.session)
        let rotation = try stored { session throws(PostgresError) in
            try AccountStore.rotate(old, to: new, expiresAt: now + Grant.refreshTime, on: session)
        }
        switch rotation {
        case .rotated(let account): return try grant(account, new, now)
        case .reused: throw .wrongToken(isReuse: true)
        case .unknown: throw .wrongToken(isReuse: false)
        }
    }

    func logOut(_ token: RefreshToken) throws(Denial) {
        try stored { session throws(PostgresError) in try AccountStore.end(token, on: session) }
    }

    private func begin(_ account: Account, _ now: Timestamp) throws(Denial) -> Grant {
        let token = RefreshToken()
        try stored { session throws(PostgresError) in
            try AccountStore.begin(token, of: account.user, expiresAt: now + Grant.refreshTime, on: session)
        }
        return try grant(account, token, now)
    }

    private func grant(_ account: Account, _ refresh: RefreshToken, _ now: Timestamp) throws(Denial) -> Grant
    {
        let keys = ring.current
        guard let secret = keys.secrets.first else { throw .unable }
        let identity = Identity(
            user: account.user, email: account.email, name: account.name, expiresAt: now + Grant.accessTime)
        let token = TokenMinter(secret: secret, policy: keys.policy).mint(identity, now: now)
        return Grant(account: account, accessToken: token, refreshToken: refresh)
    }

    private func stored<Value>(
        _ body: (PostgresConnection) throws(PostgresError) -> Value
    ) throws(Denial) -> Value {
        do throws(PostgresError) { return try session.with(body) } catch { throw .storage(error) }
    }
}
