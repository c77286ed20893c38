import CSystem
import Foundation
import Shared
import Support
import Synchronization
import Testing

@testable import Ingest

/// The account routes on a real server with a real database, behind a loopback "proxy" that says who asks.
final class AccountBench: Sendable {
    let database: PrivateDatabase
    let ring = KeyRing(KeySet(secrets: [TokenSecret(secret: TokenBuilder.secret)]))
    let metrics = MetricRegistry()
    let clock = Mutex(Timestamp(micros: tl_now_micros()))
    private let server = Mutex<HTTPTestServer?>(nil)

    init(cost: PasswordCost = PasswordCost(memoryKiB: 64, passes: 1, lanes: 1)) throws {
        database = try PrivateDatabase()
        for migration in Migration.all { try database.sql(String(decoding: migration.sql, as: UTF8.self)) }
        let routes = try AccountRoutes(
            PostgresOptions(url: database.url, applicationName: "test"), ring: ring, metrics: metrics,
            log: .silent,
            cost: cost)
        let made = try HTTPTestServer { [self] head, _, _ in
            guard
                let action = AccountRoutes.Action(rawValue: String(decoding: head.segment(2), as: UTF8.self))
            else {
                return .answer(head.answer(Problem(.notFound)))
            }
            let now = clock.withLock { $0 }
            return .serve(bodyBytesMax: AccountRoutes.bodyBytesMax) {
                await routes.handle($0, action, now: now)
            }
        }
        server.withLock { $0 = made }
    }

    struct Answer {
        let status: Int
        let response: HTTPTestResponse
        let json: [String: Any]

        func text(_ name: String) -> String { json[name] as? String ?? "" }
        var userID: String { (json["user"] as? [String: Any])?["id"] as? String ?? "" }
        var code: String { text("code") }
    }

    func post(_ action: String, _ body: String, from address: String = "203.0.113.1") throws -> Answer {
        let port = server.withLock { $0?.port ?? 0 }
        let client = try HTTPTestClient(port: port)
        client.send(
            "POST /api/auth/\(action) HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1, \(address)\r\n"
                + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let response = try client.response()
        let json = try? JSONSerialization.jsonObject(with: Data(response.body.utf8)) as? [String: Any]
        return Answer(status: response.status, response: response, json: json ?? [:])
    }

    func register(
        _ email: String = "ada@example.org", password: String = "correct horse",
        from address: String = "203.0.113.1"
    ) throws -> Answer {
        try post("register", #"{"email":"\#(email)","password":"\#(password)","name":"Ada"}"#, from: address)
    }

    func logIn(
        _ email: String = "ada@example.org", _ password: String = "correct horse",
        from address: String = "203.0.113.2"
    ) throws -> Answer {
        try post("login", #"{"email":"\#(email)","password":"\#(password)"}"#, from: address)
    }

    func refresh(_ token: String) throws -> Answer { try post("refresh", #"{"refresh_token":"\#(token)"}"#) }

    func user(of accessToken: String) throws -> Identity {
        try TokenVerifier(ring.current).verify(Array(accessToken.utf8).span, now: clock.withLock { $0 })
    }

    func stop() { server.withLock { $0 }?.drain() }
}
