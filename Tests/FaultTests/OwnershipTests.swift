import Foundation
import Shared
import Support
import Testing

/// Nobody reads or changes what is another user's (DESIGN.md §8.5): two users, every route, everything of each.
@Suite struct `What is one user's` {
    private struct Scene {
        let deployment: Deployment
        let client: HTTPClient
        let alice: String
        let bob: String
        /// A task of Alice, and the request that made it.
        let task: String
        let request: String
        let cursor: String

        init() throws {
            deployment = try Deployment()
            client = HTTPClient(port: deployment.port)
            alice = deployment.token("alice")
            bob = deployment.token("bob")
            var made: [Answer] = []
            for title in ["one", "two"] {
                made.append(
                    try client.send(
                        "POST", "/api/alice/tasks", token: alice, headers: ["Prefer": "wait=10"],
                        body: #"{"title":"\#(title)"}"#))
            }
            try #require(made.allSatisfy { $0.status == 201 }, "\(made.map(\.text))")
            task = try #require(made[0].json["id"] as? String)
            request = try #require(made[0].headers["sync-token"])
            let list = try client.send("GET", "/api/alice/tasks?limit=1", token: alice)
            cursor = try #require(list.json["next_cursor"] as? String, "\(list.status) \(list.text)")
        }

        func send(
            _ method: String, _ path: String, _ token: String?, _ headers: [String: String] = [:],
            body: String? = nil
        ) throws -> Answer {
            try client.send(
                method, path, token: token, headers: headers.merging(["X-Request-Id": "same"]) { $1 },
                body: body)
        }

        func count() throws -> String {
            try deployment.database.sql("SELECT count(*), sum(version) FROM tasks")
        }
    }

    @Test func `is read and changed by nobody else`() throws {
        let scene = try Scene()
        let before = try scene.count()
        let unknown = "0198f3c2-7b1f-7000-8000-000000000001"
        let routes: [(String, String, String?)] = [
            ("POST", "/api/alice/tasks", #"{"title":"x"}"#), ("GET", "/api/alice/tasks", nil),
            ("HEAD", "/api/alice/tasks", nil), ("GET", "/api/alice/tasks/ID", nil),
            ("PUT", "/api/alice/tasks/ID", #"{"title":"x"}"#),
            ("PATCH", "/api/alice/tasks/ID", #"{"title":"x"}"#),
            ("PATCH", "/api/alice/tasks/ID/complete", #"{"completed":true}"#),
            ("DELETE", "/api/alice/tasks/ID", nil),
            ("POST", "/api/alice/tasks/bulk", #"[{"op":"delete","id":"ID"}]"#),
            ("GET", "/api/users/alice", nil),
        ]
        let key = try scene.deployment.tasklane("key", "create", "--user", "bob", "--name", "test")
        let bobsKey = try #require(key.split { " \n\"".contains($0) }.first { $0.hasPrefix("tlk_") })
        for (method, path, body) in routes {
            for credentials in [scene.bob, String(bobsKey)] {
                let answers = try [scene.task, unknown].map { id in
                    try scene.send(
                        method, path.replacingOccurrences(of: "ID", with: id), credentials,
                        body: body?.replacingOccurrences(of: "ID", with: id))
                }
                #expect(answers.allSatisfy { $0.status == 403 }, "\(method) \(path)")
                #expect(answers[0].body == answers[1].body, "\(method) \(path) tells what is there")
            }
            let nobody = try scene.send(
                method, path.replacingOccurrences(of: "ID", with: scene.task), nil, body: body)
            #expect(nobody.status == 401 && nobody.headers["www-authenticate"] == #"Bearer realm="tasklane""#)
        }
        #expect(try scene.count() == before)
    }

    @Test func `is unknown to others by the id of its request, its cursor, its Sync-Token`() throws {
        let scene = try Scene()
        let theirs = try scene.send("GET", "/api/requests/" + scene.request, scene.bob)
        let unknown = try scene.send("GET", "/api/requests/0198f3c2-7b1f-7000-8000-000000000001", scene.bob)
        #expect(theirs.status == 404 && theirs.body == unknown.body)
        #expect(try scene.send("GET", "/api/requests/" + scene.request, scene.alice).status == 200)
        let many = try scene.send("GET", "/api/requests?ids=" + scene.request, scene.bob)
        #expect((many.json["requests"] as? [Any])?.isEmpty == true)
        #expect(many.json["not_found"] as? [String] == [scene.request])

        let cursor = scene.cursor.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        #expect(try scene.send("GET", "/api/alice/tasks?limit=1&cursor=" + cursor, scene.alice).status == 200)
        let stolen = try scene.send("GET", "/api/bob/tasks?limit=1&cursor=" + cursor, scene.bob)
        #expect(stolen.status == 400 && stolen.json["code"] as? String == "invalid-cursor")

        let late = try scene.send("GET", "/api/bob/tasks", scene.bob, ["Sync-Token": scene.request])
        #expect(late.status == 400 && late.json["code"] as? String == "invalid-sync-token")
        #expect(
            try scene.send("GET", "/api/alice/tasks", scene.alice, ["Sync-Token": scene.request]).status
                == 200)
    }

    @Test func `has a profile with what the token says`() throws {
        let scene = try Scene()
        let carol = scene.deployment.token("carol", claims: #","email":"carol@example.org""#)
        let before = try scene.send("GET", "/api/users/carol", carol)
        #expect(before.status == 200 && before.json["email"] as? String == "carol@example.org")
        #expect(before.json["created_at"] is NSNull)
    }

    @Test func `has ids and idempotency keys of its own`() throws {
        let scene = try Scene()
        let body = #"{"id":"\#(scene.task)","title":"Bob's"}"#
        let bobs = try scene.send(
            "POST", "/api/bob/tasks", scene.bob, ["Prefer": "wait=10", "Idempotency-Key": "k"], body: body)
        #expect(bobs.status == 201)
        let alices = try scene.send(
            "POST", "/api/alice/tasks", scene.alice, ["Prefer": "wait=10", "Idempotency-Key": "k"],
            body: #"{"title":"Alice's"}"#)
        #expect(alices.status == 201 && alices.headers["idempotent-replayed"] == nil)
        #expect(
            try scene.send("GET", "/api/alice/tasks/" + scene.task, scene.alice).json["title"] as? String
                == "one")
        #expect(
            try scene.send("DELETE", "/api/bob/tasks/" + scene.task, scene.bob, ["Prefer": "wait=10"]).status
                == 204)
        #expect(try scene.send("GET", "/api/alice/tasks/" + scene.task, scene.alice).status == 200)
    }

    @Test(arguments: ["alice/../bob", "%61lice", "alice%2f", "ALICE", "alice%00", "bob%20"])
    func `is not reached by other spellings of the path`(spelling: String) throws {
        let scene = try Scene()
        let answer = try scene.send("GET", "/api/\(spelling)/tasks", scene.bob)
        #expect([400, 403, 404].contains(answer.status), "\(answer.status)")
    }
}
