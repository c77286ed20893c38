import Shared
import Support
import Testing

@Suite struct `Secrets` {
    private func faults(better: String? = nil, list: String? = nil) -> [String] {
        var configuration = Configuration()
        configuration.betterAuthSecret = better
        configuration.jwtSecrets = list
        return TokenSecret.read(configuration).faults
    }

    @Test(arguments: [
        "change-me-change-me-change-me-change-me", "CHANGE_ME_IN_PRODUCTION_0Q8vYxk3Zb7uW5hN",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "your-secret-key-here-at-least-32-characters",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "better-auth-secret-12345678901234567890", "better-auth-secret-123456789-abcdefghijk",
        "12345678901234567890123456789012",
        "replace_this_with_a_random_string_0Q8v",
        "00000000000000000000000000000000", "abababababababababababababababababab",
        "secretsecretsecretsecretsecretsecret",
        "short", "0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXeAf", "passwordpasswordpasswordpassword",
    ]) func `that an attacker would try are refused`(secret: String) {
        #expect(faults(better: secret).count == 1)
        #expect(faults(list: "k1:" + secret).count == 1)
    }

    @Test(arguments: [
        TokenBuilder.secret, "a-test-secret-that-is-at-least-32-bytes-long",
        "bench-0123456789abcdef0123456789abcdef",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "rJ4qLk0x6vV7m1uYt3sQe9wZ2bNfHcXa5dGgPpKo8Ti=", "x7#Lq9!vR2@mK5$wZ8^nB1&pT4*hJ6(c",
    ]) func `that are random, or merely have a word in them, are taken`(secret: String) {
        #expect(faults(better: secret) == [])
    }

    @Test func `are random almost always when a generator made them`() {
        for _ in 0..<2000 {
            #expect(WeakSecret.fault(of: Base64URL.encode(SecureRandom.bytes(32))) == nil)
            #expect(WeakSecret.fault(of: Hex.encode(SecureRandom.bytes(16))) == nil)
        }
    }

    @Test func `are counted in bytes, not characters`() {
        #expect(faults(better: "0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXeéé") == [])
    }

    @Test func `come as a list, the newest first, before the one without an id`() {
        var configuration = Configuration()
        configuration.betterAuthSecret = TokenBuilder.secret
        configuration.jwtSecrets =
            "k2:new:vYxk3Zb7uW5hN2cRtGm9JpLsXeAf0, k1:old-0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXe"
        let (secrets, faults) = TokenSecret.read(configuration)
        #expect(faults == [])
        #expect(secrets.map(\.keyID) == [Array("k2".utf8), Array("k1".utf8), nil])
        #expect(secrets[0].bytes == Array("new:vYxk3Zb7uW5hN2cRtGm9JpLsXeAf0".utf8))
    }

    @Test func `are all reported at once, none by its value`() {
        let found = faults(better: "short-a", list: "short-b,k1:short-c,k1:0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXeAfD")
        #expect(found.count == 4)
        #expect(found.allSatisfy { !$0.contains("short-") && $0.contains(": ") })
    }
}

@Suite struct `A key set` {
    private func read(_ keys: String) throws -> (keys: [IdentifiedKey], skipped: Int) {
        try JSONWebKeys.read(Array(#"{"keys":[\#(keys)]}"#.utf8))
    }
    private let ed = #""kty":"OKP","crv":"Ed25519","x":"GVZEBB_sG_LvSMqdp255zssOMUaz4UyND74i1UBF_Ow""#

    @Test(arguments: [
        "", #","use":"sig""#, #","alg":"EdDSA""#, #","alg":"Ed25519""#, #","key_ops":["verify"]"#,
        #","kid":"a""#, #","new":[1]"#,
    ]) func `gives the keys that we can use`(extra: String) throws {
        #expect(try read("{\(ed)\(extra)}").keys.count == 1)
    }

    @Test(arguments: [
        #","use":"enc""#, #","alg":"RS256""#, #","alg":"HS256""#, #","alg":1"#, #","key_ops":["encrypt"]"#,
        #","kid":7"#,
    ]) func `skips keys that are for something else`(extra: String) throws {
        let set = try read("{\(ed)\(extra)}")
        #expect(set.keys.isEmpty && set.skipped == 1)
    }

    @Test(arguments: [
        #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}"#,
        #"{"kty":"oct","alg":"HS256","kid":"r1","k":"AAAA"}"#,
        #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
        #"{"kty":"RSA","n":"","e":""}"#,
        #"{"kty":"RSA","n":"AQ==","e":"AQAB"}"#, #"{"kty":"new"}"#, "{}", "1", "null",
        #"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#,
    ]) func `skips keys that it does not know, and never takes a shared secret`(key: String) throws {
        let set = try read("{\(ed)},\(key)")
        #expect(set.keys.count == 1 && set.skipped == 1)
    }

    @Test(arguments: ["", "[]", "{}", #"{"keys":{}}"#, "<html>", #"{"keys":[}"#])
    func `is an object with an array`(text: String) {
        #expect(throws: JSONWebKeysError.invalid) { _ = try JSONWebKeys.read(Array(text.utf8)) }
    }

    @Test func `has a bounded number of keys`() {
        let many = Array(repeating: "{}", count: 65).joined(separator: ",")
        #expect(throws: JSONWebKeysError.tooMany) { _ = try read(many) }
    }
}

@Suite struct `A minted token` {
    @Test func `proves what was minted`() throws {
        let secret = TokenSecret(keyID: "k2", secret: TokenBuilder.secret)
        let policy = TokenPolicy(issuer: "tasklane", audience: "tasks")
        let user = try #require(UserID("u1"))
        let end = Timestamp(micros: TokenBuilder.now.micros + 900_000_000)
        let minted = Identity(
            user: user, email: Array("a@b".utf8), name: Array("A \"B\"".utf8), isAdmin: true, expiresAt: end)
        let token = TokenMinter(secret: secret, policy: policy).mint(minted, now: TokenBuilder.now)
        let found = try TokenVerifier(KeySet(secrets: [secret], policy: policy)).verify(
            token.span, now: TokenBuilder.now)
        #expect(
            found.user == user && found.email == minted.email && found.name == minted.name && found.isAdmin)
        #expect(found.expiresAt == end)
        #expect(
            Outcome(token, keys: KeySet(secrets: [secret]), now: Timestamp(micros: end.micros + 31_000_000))
                == .refused(.expired))
    }
}
