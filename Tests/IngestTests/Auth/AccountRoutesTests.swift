import Foundation
import Shared
import Support
import Synchronization
import Testing

@testable import Ingest

@Suite struct `Accounts` {
    @Test func `are registered and get tokens that the API takes`() throws {
        let bench = try AccountBench()
        let answer = try bench.register("Ada@Example.org")
        #expect(answer.status == 201)
        #expect(answer.json["expires_in"] as? Int == 900)
        let identity = try bench.user(of: answer.text("access_token"))
        #expect(identity.user.description == answer.userID)
        #expect(
            identity.email == Array("Ada@Example.org".utf8) && identity.name == Array("Ada".utf8)
                && !identity.isAdmin)
        let again = try bench.logIn("aDA@eXAMPLE.ORG")
        #expect(again.status == 200 && again.userID == answer.userID)
        #expect(answer.response.header("Cache-Control") == "no-store")
        bench.stop()
    }

    @Test func `have an address that nobody else has in another case`() throws {
        let bench = try AccountBench()
        #expect(try bench.register("kelvin@example.org").status == 201)
        let second = try bench.register("KELVIN@Example.ORG", password: "another one")
        #expect(second.status == 409 && second.code == "email-taken")
        #expect(try bench.register("\u{212A}elvin@example.org").status == 400)
        #expect(try bench.logIn("\u{212A}elvin@example.org").status == 401)
        #expect(try bench.database.sql("SELECT count(*) FROM accounts") == "1")
        bench.stop()
    }

    @Test func `are made once when many register at the same time`() async throws {
        let bench = try AccountBench()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask { try bench.register("ada@example.org", from: "203.0.113.\(number)").status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [201] + Array(repeating: 409, count: 7))
        bench.stop()
    }

    @Test func `keep no password and no token that can be read`() throws {
        let bench = try AccountBench(cost: .owasp)
        let answer = try bench.register()
        let stored =
            try bench.database.sql("SELECT * FROM accounts")
            + (try bench.database.sql("SELECT * FROM sessions"))
        #expect(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(!stored.contains("correct horse"))
        #expect(!stored.contains(answer.text("refresh_token").dropFirst(30)))
        bench.stop()
    }

    @Test func `give one answer for an unknown address and a wrong password`() throws {
        let bench = try AccountBench()
        _ = try bench.register()
        let wrong = try bench.logIn("ada@example.org", "wrong horse")
        let unknown = try bench.logIn("bob@example.org", "wrong horse")
        #expect(wrong.status == 401 && unknown.status == 401)
        func comparable(_ answer: AccountBench.Answer) -> String {
            answer.response.body.replacingOccurrences(of: answer.text("instance"), with: "")
        }
        #expect(comparable(wrong) == comparable(unknown))
        #expect(wrong.response.header("WWW-Authenticate") == unknown.response.header("WWW-Authenticate"))
        bench.stop()
    }

    @Test func `take as long to find nobody as to find a wrong password`() throws {
        let bench = try AccountBench(cost: PasswordCost(memoryKiB: 32768, passes: 4, lanes: 1))
        _ = try bench.register()
        func time(_ email: String) throws -> Duration {
            let times = try (0..<5).map { number in
                try ContinuousClock().measure {
                    _ = try bench.logIn(email, "wrong", from: "203.0.113.\(number)")
                }
            }
            return times.sorted()[2]
        }
        let (known, unknown) = (try time("ada@example.org"), try time("bob@example.org"))
        #expect(known / unknown > 0.4 && known / unknown < 2.5, "\(known) and \(unknown)")
        bench.stop()
    }

    @Test(arguments: [
        (#"{"email":"a","password":"long enough","name":"A"}"#, "#/email invalid_value"),
        (#"{"email":"a@b.example","password":"short","name":"A"}"#, "#/password too_short"),
        (#"{"email":"a@b.example","password":"long enough","name":"  "}"#, "#/name blank"),
        (#"{"email":"a@b.example","password":"long enough","name":"a\u0000"}"#, "#/name control_character"),
        (#"{"email":"a@b.example","password":"long enough"}"#, "#/name required"),
        (#"{"email":"a@b.example","password":"long enough","name":"A","admin":true}"#, "# unknown_member"),
        (
            #"{"email":"a@b.example","email":"c@b.example","password":"long enough","name":"A"}"#,
            "#/email duplicate_member"
        ),
        (#"{"email":["a@b.example"],"password":"long enough","name":"A"}"#, "#/email wrong_type"),
        ("[]", "# wrong_type"),
    ]) func `say what is wrong with a registration`(body: String, fault: String) throws {
        let bench = try AccountBench()
        let answer = try bench.post("register", body)
        let errors = answer.json["errors"] as? [[String: Any]] ?? []
        #expect(answer.status == 400 && answer.code == "validation-failed")
        #expect(errors.map { "\($0["pointer"] ?? "") \($0["code"] ?? "")" } == [fault])
        bench.stop()
    }

    @Test func `want JSON`() throws {
        let bench = try AccountBench()
        #expect(try bench.post("login", "email=a").code == "invalid-json")
        bench.stop()
    }
}

@Suite struct `A session` {
    @Test func `goes on with a new refresh token each time`() throws {
        let bench = try AccountBench()
        var token = try bench.register().text("refresh_token")
        for _ in 0..<3 {
            let answer = try bench.refresh(token)
            #expect(answer.status == 200 && answer.text("refresh_token") != token)
            #expect(try bench.user(of: answer.text("access_token")).user.description == answer.userID)
            token = answer.text("refresh_token")
        }
        bench.stop()
    }

    @Test func `ends when an old token is shown again`() throws {
        let bench = try AccountBench()
        let first = try bench.register().text("refresh_token")
        let other = try bench.logIn().text("refresh_token")
        let second = try bench.refresh(first).text("refresh_token")
        #expect(try bench.refresh(first).status == 401)
        #expect(try bench.refresh(second).status == 401)
        #expect(try bench.refresh(other).status == 200)
        let exposition = String(decoding: bench.metrics.render(), as: UTF8.self)
        #expect(exposition.contains(#"tasklane_account_requests_total{action="refresh",outcome="reuse"} 1"#))
        bench.stop()
    }

    @Test func `has one successor when many show the same token`() async throws {
        let bench = try AccountBench()
        let token = try bench.register().text("refresh_token")
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 { group.addTask { try bench.refresh(token).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
        #expect(try bench.database.sql("SELECT count(*) FROM sessions") == "0")
        bench.stop()
    }

    @Test func `ends with a logout, and at its end`() throws {
        let bench = try AccountBench()
        let token = try bench.register().text("refresh_token")
        #expect(try bench.post("logout", #"{"refresh_token":"\#(token)"}"#).status == 204)
        #expect(try bench.refresh(token).status == 401)
        #expect(try bench.post("logout", #"{"refresh_token":"\#(token)"}"#).status == 204)
        let expired = try bench.logIn().text("refresh_token")
        try bench.database.sql("UPDATE sessions SET expires_at = now() - interval '1 second'")
        #expect(try bench.refresh(expired).status == 401)
        bench.stop()
    }

    @Test(arguments: ["", "tlr_", "tlr_AAAA", "x", "tlr_\(String(repeating: "A", count: 64))"])
    func `has tokens of one form`(token: String) throws {
        let bench = try AccountBench()
        #expect(try bench.refresh(token).status == 401)
        bench.stop()
    }
}

@Suite struct `Attempts` {
    @Test func `at one account are limited, wherever they come from`() throws {
        let bench = try AccountBench()
        _ = try bench.register()
        for number in 0..<5 {
            #expect(try bench.logIn("ada@example.org", "wrong", from: "198.51.100.\(number)").status == 401)
        }
        let refused = try bench.logIn("ADA@example.org", from: "198.51.100.99")
        #expect(refused.status == 429 && refused.code == "rate-limited")
        #expect(refused.response.header("Retry-After") == "30")
        #expect(try bench.logIn("bob@example.org", "wrong", from: "198.51.100.99").status == 401)
        bench.clock.withLock { $0 = $0 + .seconds(30) }
        #expect(try bench.logIn(from: "198.51.100.99").status == 200)
        bench.stop()
    }

    @Test func `of one client are limited, whatever the account`() throws {
        let bench = try AccountBench()
        for number in 0..<30 {
            #expect(try bench.logIn("a\(number)@example.org", "wrong", from: "198.51.100.1").status == 401)
        }
        #expect(try bench.logIn("b@example.org", "wrong", from: "198.51.100.1").status == 429)
        #expect(try bench.register("b@example.org", from: "198.51.100.1").status == 429)
        #expect(try bench.logIn("b@example.org", "wrong", from: "198.51.100.2").status == 401)
        bench.stop()
    }

    @Test func `are bounded in memory, and fail closed`() {
        let limit = AttemptLimit(burst: 1, interval: .seconds(60), keysMax: 10)
        let now = TokenBuilder.now
        for number in 0..<10 { #expect(limit.take([UInt8(number)], now: now) == nil) }
        #expect(limit.take([100], now: now) == nil)
        #expect(limit.take([101], now: now) == .seconds(60))
        #expect(limit.take([101], now: now + .seconds(61)) == nil)
    }
}

@Suite struct `An e-mail address` {
    @Test(arguments: [
        "a@b.example", "Ada.Lovelace+tasks@example.co.uk", "o'neil@example.org", "a@xn--bcher-kva.example",
    ])
    func `is plain`(text: String) { #expect(EmailAddress.isWellFormed(Array(text.utf8))) }

    @Test(arguments: [
        "", "@", "a@", "@b.example", "a@b", "a b@c.example", "a@b..example", ".a@b.example", "a.@b.example",
        "a@-b.example",
        "a@b.example\n", "a@b@c.example", "ä@b.example", "a@bücher.example", "a@b.example\0",
        "\"a b\"@c.example", "a@[127.0.0.1]",
        "a,b@c.example", "a@b.example,c@d.example", String(repeating: "a", count: 65) + "@b.example",
    ]) func `is nothing else`(text: String) { #expect(!EmailAddress.isWellFormed(Array(text.utf8))) }
}
