internal import Shared

/// The account routes, for deployments without an issuer of their own (`TASKLANE_ACCOUNTS=on`): `POST
/// /api/auth/register`, `/login`, `/refresh`, `/logout`. Shared by all loops; hashes and queries are done on threads
/// of its own, so that a flood of logins slows down nobody but those who log in.
final class AccountRoutes: Sendable {
    /// The last part of the path.
    enum Action: String, CaseIterable, Sendable {
        case register, login, refresh, logout

        var members: [StaticString] {
            switch self {
            case .register: ["email", "password", "name"]
            case .login: ["email", "password"]
            case .refresh, .logout: ["refresh_token"]
            }
        }
    }

    static let bodyBytesMax = 8192

    private let threads: BlockingThreads<AccountDesk>
    private let byAddress: AttemptLimit
    private let byEmail: AttemptLimit
    private let counters: AccountCounters
    private let log: Log

    /// - Parameters:
    ///   - threads: how many hashes at once; each takes 19 MiB and a core.
    ///   - byAddress: attempts of one client; of those who register, log in and refresh together.
    ///   - byEmail: attempts at one account.
    init(
        _ options: PostgresOptions, ring: KeyRing, metrics: MetricRegistry, log: Log, threads: Int = 2,
        cost: PasswordCost = .owasp, byAddress: AttemptLimit = AttemptLimit(burst: 30, interval: .seconds(2)),
        byEmail: AttemptLimit = AttemptLimit(burst: 5, interval: .seconds(30))
    ) throws(SystemError) {
        var options = options
        // Two who register one address at the same time: the second waits for the first's commit, which a slow disk
        // may take seconds for, and then gets its 409 instead of a 503.
        options.lockTimeout = .seconds(10)
        let sessions = options
        self.threads = try BlockingThreads(name: "accounts", count: threads, waitingMax: 64) {
            AccountDesk(sessions, ring: ring, cost: cost)
        }
        self.byAddress = byAddress
        self.byEmail = byEmail
        counters = AccountCounters(metrics)
        self.log = log
    }

    /// Answers a request for one of the routes.
    func handle(_ request: Request, _ action: Action, now: Timestamp) async -> Response {
        let address = ClientAddress.of(request)
        do throws(Refusal) {
            let fields = try read(request, action)
            if action != .logout { try take(byAddress, address, now) }
            let response = try await perform(action, fields, now)
            counters.add(action, "ok")
            return response
        } catch {
            counters.add(action, error.outcome)
            log.info(
                "account request refused", .text("action", action.rawValue), .word("reason", error.outcome))
            return request.head.answer(error.problem)
        }
    }

    private func read(_ request: Request, _ action: Action) throws(Refusal) -> AccountFields {
        do throws(AccountFields.Faults) {
            let fields = try AccountFields(request.body, names: action.members)
            if action == .register { try fields.checkForRegistration() }
            return fields
        } catch { throw Refusal("invalid", error.problem) }
    }

    private func perform(_ action: Action, _ fields: AccountFields, _ now: Timestamp) async throws(Refusal)
        -> Response
    {
        switch action {
        case .register:
            let grant = try await atDesk { desk throws(Denial) in try desk.register(fields, now: now) }
            log.info("account registered", .bytes("user_id", grant.account.user.bytes))
            return Self.answer(201, grant)
        case .login:
            let key = EmailAddress.key(fields["email"])
            // A hash of it, so that long texts which are no address cost no memory.
            let place = SHA256.hash(key).bytes
            try take(byEmail, place, now)
            let grant = try await atDesk { desk throws(Denial) in try desk.logIn(fields, now: now) }
            byEmail.forgive(place)
            return Self.answer(200, grant)
        case .refresh:
            guard let token = RefreshToken(fields["refresh_token"]) else {
                throw Refusal(.wrongToken(isReuse: false))
            }
            let grant = try await atDesk { desk throws(Denial) in try desk.refresh(token, now: now) }
            return Self.answer(200, grant)
        case .logout:
            if let token = RefreshToken(fields["refresh_token"]) {
                try await atDesk { desk throws(Denial) in try desk.logOut(token) }
            }
            return Response(status: 204)
        }
    }

    private func atDesk<Value: Sendable>(
        _ body: @escaping @Sendable (AccountDesk) throws(Denial) -> Value
    ) async throws(Refusal) -> Value {
        let outcome = await threads.run { desk -> Swift.Result<Value, Denial> in
            do throws(Denial) { return .success(try body(desk)) } catch { return .failure(error) }
        }
        guard let outcome else {
            throw Refusal(
                "busy",
                Problem(.overloaded, detail: "too many log in at once: try again").retryAfter(seconds: 1))
        }
        do throws(Denial) { return try outcome.get() } catch {
            if case .storage(let cause) = error {
                log.warn("accounts: no answer from PostgreSQL", .text("error", "\(cause)"))
            }
            throw Refusal(error)
        }
    }

    private func take(_ limit: AttemptLimit, _ key: [UInt8], _ now: Timestamp) throws(Refusal) {
        guard let wait = limit.take(key, now: now) else { return }
        let seconds = Int((wait.milliseconds + 999) / 1000)
        throw Refusal(
            "limited",
            Problem(.rateLimited, detail: "too many attempts: try again later").retryAfter(
                seconds: max(1, seconds)))
    }

    private static func answer(_ status: Int, _ grant: Grant) -> Response {
        var json = JSONWriter(capacity: 1024)
        json.beginObject()
        json.key("user")
        json.beginObject()
        json.key("id")
        json.string(grant.account.user.bytes)
        json.key("email")
        json.string(grant.account.email)
        json.key("name")
        json.string(grant.account.name)
        json.endObject()
        json.key("access_token")
        json.string(grant.accessToken)
        json.key("token_type")
        json.string("Bearer" as StaticString)
        json.key("expires_in")
        json.integer(Grant.accessTime.components.seconds)
        json.key("refresh_token")
        json.string(grant.refreshToken.text)
        json.key("refresh_expires_in")
        json.integer(Grant.refreshTime.components.seconds)
        json.endObject()
        return .json(status, json.bytes)
    }
}
