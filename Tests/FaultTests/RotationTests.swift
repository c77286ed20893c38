import Foundation
import Shared
import Support
import Synchronization
import Testing

/// Keys that change while requests come in (SIGHUP), and keys that are taken back.
@Suite struct `Rotation of keys` {
    private let old = "old-0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXe"
    private let new = "new-vYxk3Zb7uW5hN2cRtGm9JpLsXeAf0"

    private func token(_ secret: String) -> String {
        Deployment.token(claims: #""sub":"u1""#, secret: secret)
    }

    @Test func `fails no request`() throws {
        let credentials = TemporaryDirectory.make("cred")
        func write(_ secrets: String) throws {
            let path = credentials + "/TASKLANE_JWT_SECRETS"
            try secrets.write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("k1:\(old)")
        let deployment = try Deployment(workers: 0, ingest: false, settings: ["BETTER_AUTH_SECRET": ""])
        let ingest = try deployment.startIngest(settings: ["CREDENTIALS_DIRECTORY": credentials])

        let isOver = Atomic(false)
        let failed = Mutex<[Int]>([])
        let sent = Atomic(0)
        let threads = (0..<3).map { _ in
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                let client = HTTPClient(port: deployment.port)
                let token = token(old)
                while !isOver.load(ordering: .relaxed) {
                    let status = (try? client.send("GET", "/api/requests?ids=", token: token))?.status ?? 0
                    // 400: who asks is known, what is asked for is not.
                    if status != 400 { failed.withLock { $0.append(status) } }
                    sent.add(1, ordering: .relaxed)
                }
                ended.signal()
            }
            return ended
        }
        for round in 0..<10 {
            try write(round.isMultiple(of: 2) ? "k2:\(new),k1:\(old)" : "k1:\(old)")
            ingest.signal(SIGHUP)
            let before = sent.load(ordering: .relaxed)
            #expect(eventually { sent.load(ordering: .relaxed) > before + 50 })
        }
        isOver.store(true, ordering: .relaxed)
        for thread in threads { thread.wait() }
        #expect(failed.withLock { $0 } == [])

        let client = HTTPClient(port: deployment.port)
        func status(_ secret: String) -> Int {
            (try? client.send("GET", "/api/requests?ids=", token: token(secret)))?.status ?? 0
        }
        try write("k2:\(new)")
        ingest.signal(SIGHUP)
        #expect(eventually { status(new) == 400 })
        #expect(status(old) == 401)
        try write("k3:change-me-change-me-change-me-change-me")
        ingest.signal(SIGHUP)
        try ingest.waitForOutput("not reloaded")
        #expect(status(new) == 400)
    }

    @Test func `takes an API key back within five seconds`() throws {
        let deployment = try Deployment(workers: 0)
        let text = try deployment.tasklane("key", "create", "--user", "svc", "--name", "loader")
        let key = String(
            try #require(text.split { " \n\"".contains($0) }.first { $0.hasPrefix("tlk_") && $0.count == 52 })
        )
        let client = HTTPClient(port: deployment.port)
        // 400: who asks is known, what is asked for is not.
        let status = { (try? client.send("GET", "/api/requests?ids=", token: key))?.status ?? 0 }
        #expect(status() == 400)
        let id = try deployment.database.sql("SELECT id FROM api_keys")
        try deployment.tasklane("key", "revoke", id)
        let revoked = Date()
        #expect(eventually(seconds: 6) { status() == 401 })
        #expect(Date().timeIntervalSince(revoked) < 5.5)
    }

    @Test func `lets accounts in with what they were given`() throws {
        let deployment = try Deployment(settings: ["TASKLANE_ACCOUNTS": "on"])
        let client = HTTPClient(port: deployment.port)
        let body = #"{"email":"ada@example.org","password":"correct horse","name":"Ada"}"#
        let registered = try client.send("POST", "/api/auth/register", body: body)
        #expect(registered.status == 201, "\(registered.text)")
        let user = try #require((registered.json["user"] as? [String: Any])?["id"] as? String)
        let access = try #require(registered.json["access_token"] as? String)
        let made = try client.send(
            "POST", "/api/\(user)/tasks", token: access, headers: ["Prefer": "wait=10"],
            body: #"{"title":"x"}"#)
        #expect(made.status == 201)
        let refresh = try #require(registered.json["refresh_token"] as? String)
        #expect(try client.send("GET", "/api/\(user)/tasks", token: refresh).status == 401)
    }

    @Test func `has no account routes where accounts are off`() throws {
        let deployment = try Deployment(workers: 0)
        let client = HTTPClient(port: deployment.port)
        for route in ["register", "login", "refresh", "logout"] {
            #expect(try client.send("POST", "/api/auth/" + route, body: "{}").status == 404)
        }
    }

    @Test func `refuses to start with a placeholder, and names every fault`() throws {
        let deployment = try Deployment(workers: 0, ingest: false)
        let ingest = try deployment.start(
            "tasklane-ingest",
            settings: [
                "BETTER_AUTH_SECRET": "better-auth-secret-12345678901234567890",
                "TASKLANE_JWT_SECRETS": "short",
                "TASKLANE_JWKS_URL": "http://id.example/jwks",
            ])
        #expect(ingest.waitForEnd() && ingest.exitStatus == 1)
        for name in [
            "BETTER_AUTH_SECRET is a placeholder", "TASKLANE_JWT_SECRETS, entry 1", "TASKLANE_JWKS_URL",
        ] {
            #expect(ingest.log.contains(name))
        }
        #expect(!ingest.log.contains("better-auth-secret"))
    }
}
