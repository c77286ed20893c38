import Shared
import Support
import Testing

@Suite struct `The claims of a token` {
    private func outcome(_ claims: String, _ policy: TokenPolicy = TokenPolicy()) -> Outcome {
        Outcome(
            TokenBuilder(claims: claims), keys: KeySet(secrets: TokenBuilder.keys.secrets, policy: policy))
    }

    private func identity(_ claims: String) throws -> Identity {
        try TokenVerifier(TokenBuilder.keys).verify(
            TokenBuilder(claims: claims).bytes.span, now: TokenBuilder.now)
    }

    @Test(arguments: [
        "1800000900", "1800000900.5", "1.8000009e9", "1e300", "18446744073709551615", "9223372036854775807",
        "1799999971", "1799999970.000001",
    ]) func `are good until exp and thirty seconds`(exp: String) {
        #expect(outcome(#"{"sub":"u1","exp":\#(exp)}"#) == .user("u1"))
    }

    @Test(arguments: [
        "1799999970", "1799999969.9", "0", "-0", "-1", "-1e300", "-9223372036854775808", "1e-300", "1.7e9",
    ]) func `are expired after it`(exp: String) {
        #expect(outcome(#"{"sub":"u1","exp":\#(exp)}"#) == .refused(.expired))
    }

    @Test(arguments: [
        #""1800000900""#, "null", "true", "[1800000900]", "{}", "1e999", "0x7fffffff", "+1800000900", "NaN",
    ])
    func `have an exp that is a number`(exp: String) {
        #expect(outcome(#"{"sub":"u1","exp":\#(exp)}"#) == .refused(.claims))
    }

    @Test func `have an exp`() { #expect(outcome(#"{"sub":"u1"}"#) == .refused(.noExpiry)) }

    @Test(arguments: ["nbf", "iat"]) func `may not lie in the future`(name: String) {
        #expect(outcome(#"{"sub":"u1","exp":1800000900,"\#(name)":1800000030}"#) == .user("u1"))
        #expect(outcome(#"{"sub":"u1","exp":1800000900,"\#(name)":-5}"#) == .user("u1"))
        #expect(outcome(#"{"sub":"u1","exp":1800000900,"\#(name)":1800000030.5}"#) == .refused(.notYetValid))
        #expect(outcome(#"{"sub":"u1","exp":1800000900,"\#(name)":1e300}"#) == .refused(.notYetValid))
        #expect(outcome(#"{"sub":"u1","exp":1800000900,"\#(name)":"0"}"#) == .refused(.claims))
    }

    @Test(arguments: [
        (#""u1""#, "u1"), (#""a@b.example""#, "a@b.example"), ("7", "7"), ("0", "0"),
        ("18446744073709551615", "18446744073709551615"), (#""\u0075\u0031""#, "u1"),
    ]) func `name the user as text or as an integer`(sub: String, user: String) {
        #expect(outcome(#"{"sub":\#(sub),"exp":1800000900}"#) == .user(user))
    }

    @Test(arguments: [
        #""""#, "null", "1.5", "1e3", "-1", "-0.0", "true", #"["u1"]"#, "{}", #""a b""#, #""a/b""#,
        #""a\u0000""#,
        #""é""#, #""\u212a""#, #""requests""#, #""users""#, #""auth""#, #""ops""#,
        "\"\(String(repeating: "a", count: 65))\"",
    ]) func `name nobody else`(sub: String) {
        #expect(outcome(#"{"sub":\#(sub),"exp":1800000900,"email":"a@b.example"}"#) == .refused(.subject))
    }

    @Test func `have a sub, for which an e-mail address is no substitute`() {
        #expect(outcome(#"{"exp":1800000900,"email":"a@b.example","user_id":"u1"}"#) == .refused(.subject))
    }

    @Test(arguments: [
        #"{"sub":"u1","sub":"u2","exp":1800000900}"#, #"{"sub":"u1","exp":1,"exp":1800000900}"#,
        #"{"sub":"u1","s\u0075b":"u2","exp":1800000900}"#, #"["u1"]"#, "null", "1",
        #"{"sub":"u1","exp":1800000900}}"#, "",
    ]) func `are one object that names each member once`(claims: String) {
        #expect([.refused(.claims), .refused(.malformed)].contains(outcome(claims)))
    }

    @Test func `come from the issuer that is configured`() {
        let policy = TokenPolicy(issuer: "https://id.example")
        #expect(outcome(#"{"sub":"u1","exp":1800000900,"iss":"https://id.example"}"#, policy) == .user("u1"))
        for iss in [#""https://id.example/""#, #""HTTPS://id.example""#, "null", #"["https://id.example"]"#] {
            #expect(outcome(#"{"sub":"u1","exp":1800000900,"iss":\#(iss)}"#, policy) == .refused(.issuer))
        }
        #expect(outcome(#"{"sub":"u1","exp":1800000900}"#, policy) == .refused(.issuer))
    }

    @Test func `are meant for the audience that is configured`() {
        let policy = TokenPolicy(audience: "tasks")
        for aud in [#""tasks""#, #"["a","tasks"]"#] {
            #expect(outcome(#"{"sub":"u1","exp":1800000900,"aud":\#(aud)}"#, policy) == .user("u1"))
        }
        for aud in [#""task""#, "[]", #"["a"]"#, #"["tasks",1]"#, "null", #"{"tasks":1}"#, #""a tasks""#] {
            #expect(outcome(#"{"sub":"u1","exp":1800000900,"aud":\#(aud)}"#, policy) == .refused(.audience))
        }
        #expect(outcome(#"{"sub":"u1","exp":1800000900}"#, policy) == .refused(.audience))
    }

    @Test(arguments: [
        (#""tasklane:admin""#, true), (#""read tasklane:admin write""#, true), (#"["tasklane:admin"]"#, true),
        (#""tasklane:administrator""#, false), (#""tasklane:admin,x""#, false),
        (#"["read tasklane:admin"]"#, false),
        (#""TASKLANE:ADMIN""#, false), (#""""#, false), ("[]", false),
    ]) func `make an operator with one scope only`(scope: String, isAdmin: Bool) throws {
        #expect(try identity(#"{"sub":"u1","exp":1800000900,"scope":\#(scope)}"#).isAdmin == isAdmin)
    }

    @Test func `make no operator by other names`() throws {
        let identity = try identity(
            #"{"sub":"admin","exp":1800000900,"role":"tasklane:admin","admin":true,"scp":"tasklane:admin"}"#)
        #expect(!identity.isAdmin)
    }

    @Test func `tell name and e-mail address, unless PostgreSQL could not keep them`() throws {
        let good = try identity(#"{"sub":"u1","exp":1800000900,"email":"a@b.example","name":"Ända"}"#)
        #expect(good.email == Array("a@b.example".utf8) && good.name == Array("Ända".utf8))
        let bad = try identity(#"{"sub":"u1","exp":1800000900,"email":7,"name":"a\u0000b"}"#)
        #expect(bad.email == nil && bad.name == nil)
    }
}
