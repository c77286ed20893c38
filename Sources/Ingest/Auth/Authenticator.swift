internal import Shared

/// Tells who sends a request. There is one for each loop, confined to it: no locks on the hot path.
///
///     switch authenticator.authenticate(head[.authorization], now: now) {
///     case .identity(let identity): …
///     case .refused(let fault): head.answer(fault.problem)
///     case .wait(let credentials): .ask { await authenticator.resolve(credentials) … }
///     }
final class Authenticator {
    enum Decision {
        case identity(Identity)
        case refused(TokenFault)
        /// Only after a look elsewhere, for which the request must wait: `resolve` it.
        case wait(PendingCredentials)
    }

    /// What `resolve` needs to go on.
    enum PendingCredentials: Sendable {
        /// A token with a key id that we do not have (yet).
        case token([UInt8])
        case apiKey(APIKey)
    }

    private let ring: KeyRing
    private let keySource: KeySource?
    private let apiKeys: APIKeyCache?
    private let failures: AuthenticationFailures
    private let clock: () -> Timestamp
    private var generation: Int
    private var verifier: TokenVerifier
    private var cache = TokenCache()

    /// - Parameters:
    ///   - keySource: where missing keys may be fetched from; nil without a JWKS.
    ///   - apiKeys: nil where `tlk_…` keys are not taken.
    ///   - clock: the wall clock, for what is decided after a wait.
    init(
        ring: KeyRing, keySource: KeySource?, apiKeys: APIKeyCache?, failures: AuthenticationFailures,
        clock: @escaping () -> Timestamp
    ) {
        self.ring = ring
        self.keySource = keySource
        self.apiKeys = apiKeys
        self.failures = failures
        self.clock = clock
        generation = ring.generation
        verifier = TokenVerifier(ring.current)
    }

    /// Decides by the value of the Authorization header. Failures are counted and logged here.
    func authenticate(_ value: ArraySlice<UInt8>?, now: Timestamp) -> Decision {
        do throws(TokenFault) {
            guard let value else { throw .missing }
            let place = try BearerToken.find(in: value.span)
            let token = value.span.extracting(place)
            if APIKey.isMeant(by: token) {
                return try decide(apiKey: value.dropFirst(place.lowerBound), now: now)
            }
            followRing()
            if let identity = cache.identity(for: token, now: now) { return .identity(identity) }
            do throws(TokenFault) { return .identity(try verify(token, now: now)) } catch {
                guard error == .unknownKey, let keySource, keySource.mayHaveNews(now: now) else {
                    throw error
                }
                return .wait(.token(token.array))
            }
        } catch {
            failures.note(error)
            return .refused(error)
        }
    }

    /// Looks where `authenticate` could not: at the key source, or at the table of API keys.
    func resolve(_ pending: PendingCredentials) async -> Swift.Result<Identity, TokenFault> {
        do throws(TokenFault) {
            switch pending {
            case .token(let token):
                await keySource?.refresh(now: clock())
                followRing()
                return .success(try verify(token.span, now: clock()))
            case .apiKey(let key):
                guard let apiKeys else { throw .apiKey }
                return .success(try await apiKeys.lookUp(key, clock: clock))
            }
        } catch {
            failures.note(error)
            return .failure(error)
        }
    }

    private func decide(apiKey text: ArraySlice<UInt8>, now: Timestamp) throws(TokenFault) -> Decision {
        guard let apiKeys, let key = APIKey(text) else { throw .apiKey }
        guard let known = apiKeys.known(key, now: now) else { return .wait(.apiKey(key)) }
        return .identity(try known.get())
    }

    private func verify(_ token: Span<UInt8>, now: Timestamp) throws(TokenFault) -> Identity {
        let identity = try verifier.verify(token, now: now)
        cache.insert(identity, for: token)
        return identity
    }

    /// Takes the ring's keys when they have changed; what was checked with the old ones is checked again.
    private func followRing() {
        let newest = ring.generation
        guard newest != generation else { return }
        generation = newest
        verifier = TokenVerifier(ring.current)
        cache.removeAll()
    }
}
