import Shared

extension Command {
    static let tokenIssue = Command(
        "token issue", operands: "--user U", summary: "mints a JWT for a user, signed with the newest secret",
        details: """
            For tests, scripts and the operator API. Prints the token alone, so that it can be used as
            TOKEN=$(tasklane token issue --user alice)
            """,
        options: [
            Option("user", letter: "u", value: "U", "the token's sub"),
            Option("ttl", value: "TIME", "how long it is good (1h)"),
            Option("name", value: "N", "the claim name"), Option("email", value: "E", "the claim email"),
            Option("admin", "with the scope tasklane:admin"),
        ]
    ) { session throws(CommandFailure) in
        guard let user = try session.arguments.user() else { throw .usage("token issue needs --user U") }
        let ttl = try TimeText.duration(session.arguments.value("ttl") ?? "1h", called: "--ttl")
        guard ttl >= .seconds(1) else { throw .usage("--ttl is too short: give a second at least") }
        let configuration = try session.configuration()
        let now = Lanes.now
        let identity = Identity(
            user: user, email: session.arguments.value("email").map { Array($0.utf8) },
            name: session.arguments.value("name").map { Array($0.utf8) },
            isAdmin: session.arguments.has("admin"),
            expiresAt: Timestamp(micros: now.micros + Int64(ttl / .seconds(1)) * 1_000_000))
        let minter = TokenMinter(
            secret: try session.signingSecret(configuration),
            policy: TokenPolicy(issuer: configuration.jwtIssuer, audience: configuration.jwtAudience))
        let token = String(decoding: minter.mint(identity, now: now), as: UTF8.self)
        guard session.wantsJSON else { return session.output.line(token) }
        session.output.object { json in
            json.member("token", token)
            json.member("user_id", user.description)
            json.member("admin", identity.isAdmin)
            json.member("expires_at", identity.expiresAt)
        }
    }
}

extension Session {
    /// The secret that new tokens are signed with.
    func signingSecret(_ configuration: Configuration) throws(CommandFailure) -> TokenSecret {
        let (secrets, faults) = TokenSecret.read(configuration)
        guard faults.isEmpty else { throw .failed(ConfigurationFaults(faults).description) }
        guard let secret = secrets.first else {
            throw .failed("no secret to sign with: set BETTER_AUTH_SECRET to 32 random bytes or more")
        }
        return secret
    }
}
