import Shared
import Support
import Synchronization
import Testing

@testable import Ingest

/// An authenticator with the builder's secret and what it counts.
struct AuthenticatorBench {
    let metrics = MetricRegistry()
    let ring: KeyRing
    let authenticator: Authenticator

    init(keys: KeySet = TokenBuilder.keys, keySource: KeySource? = nil, ring: KeyRing? = nil) {
        let ring = ring ?? KeyRing(keys)
        self.ring = ring
        authenticator = Authenticator(
            ring: ring, keySource: keySource, apiKeys: nil,
            failures: AuthenticationFailures(metrics: metrics, log: .silent), clock: { TokenBuilder.now })
    }

    func outcome(_ header: String?, now: Timestamp = TokenBuilder.now) -> String {
        switch authenticator.authenticate(header.map { Array($0.utf8)[...] }, now: now) {
        case .identity(let identity): identity.user.description
        case .refused(let fault): "refused: \(fault.reason)"
        case .wait: "wait"
        }
    }

    func outcome(bearer token: [UInt8], now: Timestamp = TokenBuilder.now) -> String {
        outcome("Bearer " + String(decoding: token, as: UTF8.self), now: now)
    }

    var exposition: String { String(decoding: metrics.render(), as: UTF8.self) }
}

extension Log {
    static var silent: Log { Log(level: .error, format: .json) }
}

@Suite struct `An authenticator` {
    @Test(arguments: ["Bearer ", "bearer ", "BEARER ", "Bearer   "]) func `takes a bearer token`(
        scheme: String
    ) {
        let token = String(decoding: TokenBuilder().bytes, as: UTF8.self)
        #expect(AuthenticatorBench().outcome(scheme + token) == "u1")
    }

    @Test(
        arguments: [
            (nil, "missing"), ("", "missing"), ("Bearer", "scheme"), ("Bearer ", "scheme"),
            ("Basic dTE6cA==", "scheme"),
            ("Bearer\tabc", "scheme"), ("Bearerabc", "scheme"), ("Token abc", "scheme"),
            ("Bearer a b", "malformed"),
            ("Bearer a.b.c, Bearer a.b.c", "malformed"), ("Bearer undefined", "malformed"),
            ("Bearer tlk_x", "api_key"),
        ] as [(String?, String)]) func `takes nothing else`(header: String?, reason: String)
    {
        let bench = AuthenticatorBench()
        #expect(bench.outcome(header) == "refused: \(reason)")
        #expect(bench.exposition.contains(#"tasklane_auth_failures_total{reason="\#(reason)"} 1"#))
    }

    @Test func `takes a token again from its memory, and not after its end`() {
        let bench = AuthenticatorBench()
        let token = TokenBuilder().bytes
        #expect(bench.outcome(bearer: token) == "u1")
        #expect(bench.outcome(bearer: token) == "u1")
        #expect(bench.outcome(bearer: token, now: TokenBuilder.now + .seconds(929)) == "u1")
        #expect(bench.outcome(bearer: token, now: TokenBuilder.now + .seconds(930)) == "refused: expired")
    }

    @Test func `drops what it remembers when the keys change`() {
        let bench = AuthenticatorBench()
        let token = TokenBuilder().bytes
        #expect(bench.outcome(bearer: token) == "u1")
        bench.ring.update { _ in KeySet(secrets: [TokenSecret(secret: "vYxk3Zb7uW5hN2cRtGm9JpLsXeAf0-new")]) }
        #expect(bench.outcome(bearer: token) == "refused: signature")
        bench.ring.update { _ in TokenBuilder.keys }
        #expect(bench.outcome(bearer: token) == "u1")
    }

    @Test func `does not count a set of the same keys as a change`() {
        let ring = KeyRing(TokenBuilder.keys)
        let before = ring.generation
        ring.update { _ in TokenBuilder.keys }
        #expect(ring.generation == before)
    }

    @Test func `refuses nobody while keys rotate under load`() async {
        let ring = KeyRing(TokenBuilder.keys)
        let newer = TokenSecret(keyID: "k2", secret: "vYxk3Zb7uW5hN2cRtGm9JpLsXeAf0-new")
        let refused = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    let bench = AuthenticatorBench(ring: ring)
                    return (0..<2000).count { round in
                        let token = TokenBuilder(
                            claims: #"{"sub":"u\#(worker)","exp":1800000900,"n":\#(round % 50)}"#)
                        return bench.outcome(bearer: token.bytes) != "u\(worker)"
                    }
                }
            }
            group.addTask {
                for round in 0..<500 {
                    ring.update { _ in
                        KeySet(
                            secrets: round.isMultiple(of: 2)
                                ? [newer] + TokenBuilder.keys.secrets : TokenBuilder.keys.secrets)
                    }
                }
                return 0
            }
            return await group.reduce(0, +)
        }
        #expect(refused == 0)
    }

    @Test func `answers every bad token with one body, and tells only whether there was one`() {
        let bodies = Set(
            TokenFault.allCases.filter { $0 != .unavailable }.map { fault in
                String(
                    decoding: fault.problem.response(instance: CorrelationID(minted: 1)).body, as: UTF8.self)
            })
        #expect(bodies.count == 1)
        func challenge(_ fault: TokenFault) -> String {
            String(decoding: fault.problem.headers, as: UTF8.self)
        }
        #expect(challenge(.missing) == "WWW-Authenticate: Bearer realm=\"tasklane\"\r\n")
        #expect(
            challenge(.expired) == "WWW-Authenticate: Bearer realm=\"tasklane\", error=\"invalid_token\"\r\n")
        #expect(TokenFault.unavailable.problem.type == .storageUnavailable)
    }
}
