internal import Shared

/// What the configuration says of tokens: at start, and again at each SIGHUP.
struct KeyConfiguration {
    let secrets: [TokenSecret]
    let policy: TokenPolicy
    /// Where public keys come from; nil without a JWKS.
    let place: KeySource.Place?
    /// One line each: the variable, what is wrong, what to do.
    let faults: [String]

    init(_ configuration: Configuration) {
        let (secrets, secretFaults) = TokenSecret.read(configuration)
        var faults = secretFaults
        place = Self.place(configuration, &faults)
        if secrets.isEmpty, place == nil, faults.isEmpty {
            faults.append(
                "nothing to check tokens with: set BETTER_AUTH_SECRET, TASKLANE_JWT_SECRETS or TASKLANE_JWKS_URL"
            )
        }
        if configuration.accounts, secrets.isEmpty {
            faults.append("TASKLANE_ACCOUNTS needs a secret to sign tokens with: set BETTER_AUTH_SECRET")
        }
        self.secrets = secrets
        policy = TokenPolicy(issuer: configuration.jwtIssuer, audience: configuration.jwtAudience)
        self.faults = faults
    }

    /// The keys to begin with; public ones are fetched later.
    var keys: KeySet { KeySet(secrets: secrets, publicKeys: place == nil ? nil : [], policy: policy) }

    private static func place(_ configuration: Configuration, _ faults: inout [String]) -> KeySource.Place? {
        if let file = configuration.jwksFile {
            if configuration.jwksURL != nil {
                faults.append("TASKLANE_JWKS_FILE and TASKLANE_JWKS_URL are both set: set one of them")
            }
            do throws(KeySourceError) {
                let (keys, skipped) = try KeySource.keys(at: .file(file))
                if keys.isEmpty {
                    faults.append(
                        "TASKLANE_JWKS_FILE has no key for RS256, ES256 or EdDSA (\(skipped) skipped): add one"
                    )
                }
            } catch { faults.append("TASKLANE_JWKS_FILE: \(error)") }
            return .file(file)
        }
        guard let url = configuration.jwksURL else { return nil }
        guard let address = HTTPAddress(url) else {
            faults.append("TASKLANE_JWKS_URL is no usable URL: write https://…, or http:// on loopback")
            return nil
        }
        return .url(address)
    }
}
