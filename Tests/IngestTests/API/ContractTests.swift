import Foundation
import Shared
import Support
import Testing

@testable import Ingest

/// The built executables with a worker, for all tests of the contract together.
private let deployment = Swift.Result { try Deployment() }

/// Requests of user `u1` (or another) against the shared deployment.
private struct Caller {
    let deployment: Deployment
    let client: HTTPClient
    let user: String
    let token: String

    init(user: String = "u\(UInt32.random(in: 0...UInt32.max))", claims: String = "") throws {
        deployment = try IngestTests.deployment.get()
        client = HTTPClient(port: deployment.port)
        self.user = user
        token = deployment.token(user, claims: claims)
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, _ headers: [String: String] = [:]
    ) throws -> Answer {
        let path = path.replacingOccurrences(of: "{me}", with: "/api/\(user)/tasks")
        return try client.send(method, path, token: token, headers: headers, body: body)
    }

    func create(_ body: String) throws -> [String: Any] {
        let answer = try send("POST", "{me}", body, waiting)
        #expect(answer.status == 201, "\(answer.text)")
        return answer.json
    }

    let waiting = ["Prefer": "wait=20"]
}

extension Answer {
    fileprivate func isProblem(_ status: Int, _ code: String) -> Bool {
        self.status == status && json["code"] as? String == code && json["status"] as? Int == status
            && json["type"] as? String == "/problems/\(code)"
            && json["instance"] as? String == headers["x-request-id"]
            && headers["content-type"] == "application/problem+json"
    }
}

@Suite struct `The contract` {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var body: String?
        var headers: [String: String] = [:]
        let status: Int
        let code: String
        var testDescription: String { "\(method) \(path) \(headers) is \(status) \(code)" }
    }

    private static let id = "0198f3c2-7b1f-7abc-8def-0123456789ab"
    private static let good = #"{"title":"a"}"#

    static let refusals: [Refusal] = [
        .init(method: "GET", path: "/nope", status: 404, code: "not-found"),
        .init(method: "GET", path: "{me}/", status: 404, code: "not-found"),
        .init(method: "GET", path: "{me}/not-a-uuid", status: 404, code: "not-found"),
        .init(method: "GET", path: "/api/requests/not-a-uuid", status: 404, code: "not-found"),
        .init(method: "GET", path: "/api/requests/\(id)", status: 404, code: "request-not-found"),
        .init(method: "GET", path: "{me}/bulk", status: 405, code: "method-not-allowed"),
        .init(method: "DELETE", path: "{me}", status: 405, code: "method-not-allowed"),
        .init(method: "BREW", path: "{me}", status: 501, code: "not-implemented"),
        .init(method: "GET", path: "/api/somebody/tasks", status: 403, code: "forbidden"),
        .init(method: "GET", path: "/api/users/somebody", status: 403, code: "forbidden"),
        .init(
            method: "POST", path: "{me}", body: good, headers: ["Content-Type": "text/plain"], status: 415,
            code: "unsupported-media-type"),
        .init(
            method: "PUT", path: "{me}/\(id)", body: good,
            headers: ["Content-Type": "application/merge-patch+json"], status: 415,
            code: "unsupported-media-type"),
        .init(
            method: "POST", path: "{me}", body: good, headers: ["Content-Encoding": "gzip"], status: 415,
            code: "unsupported-media-type"),
        .init(
            method: "POST", path: "{me}", body: String(repeating: "x", count: 65537), status: 413,
            code: "content-too-large"),
        .init(method: "POST", path: "{me}", body: "", status: 400, code: "invalid-json"),
        .init(method: "POST", path: "{me}", body: "{}", status: 400, code: "validation-failed"),
        .init(method: "POST", path: "{me}?x=1", body: good, status: 400, code: "invalid-parameter"),
        .init(
            method: "POST", path: "{me}", body: good, headers: ["Idempotency-Key": "a b"], status: 400,
            code: "invalid-idempotency-key"),
        .init(
            method: "PUT", path: "{me}/\(id)", body: good, headers: ["If-Match": "v3"], status: 400,
            code: "invalid-parameter"),
        .init(method: "DELETE", path: "{me}/\(id)", body: "{}", status: 400, code: "validation-failed"),
        .init(
            method: "PATCH", path: "{me}/\(id)/complete", body: "{}", status: 400, code: "validation-failed"),
        .init(method: "POST", path: "{me}/bulk", body: "[]", status: 400, code: "validation-failed"),
        .init(method: "GET", path: "{me}?limit=0", status: 400, code: "invalid-parameter"),
        .init(method: "GET", path: "{me}?cursor=x", status: 400, code: "invalid-cursor"),
        .init(method: "GET", path: "{me}?sync_token=x", status: 400, code: "invalid-sync-token"),
        .init(
            method: "GET", path: "{me}", headers: ["Sync-Token": id], status: 400, code: "invalid-sync-token"),
        .init(method: "GET", path: "{me}/\(id)", status: 404, code: "task-not-found"),
        .init(method: "GET", path: "/api/requests/\(id)?wait=-1", status: 400, code: "invalid-parameter"),
        .init(method: "GET", path: "/api/requests", status: 400, code: "invalid-parameter"),
        .init(method: "GET", path: "/problems/nope", status: 404, code: "not-found"),
        .init(
            method: "PUT", path: "{me}/\(id)", body: good, headers: ["Prefer": "wait=20"], status: 404,
            code: "task-not-found"),
        .init(
            method: "DELETE", path: "{me}/\(id)", headers: ["Prefer": "wait=20"], status: 404,
            code: "task-not-found"),
    ]

    @Test(arguments: refusals) func `refuses in its own words`(refusal: Refusal) throws {
        let answer = try Caller().send(refusal.method, refusal.path, refusal.body, refusal.headers)
        #expect(answer.isProblem(refusal.status, refusal.code), "\(answer.status) \(answer.text)")
    }

    @Test func `asks for a token first, and tells every cause in the same words`() throws {
        let caller = try Caller()
        let none = try caller.client.send("GET", "/api/u1/tasks", headers: ["X-Request-Id": "x"])
        let bad = try caller.client.send("GET", "/api/u1/tasks", token: "bad", headers: ["X-Request-Id": "x"])
        #expect(none.isProblem(401, "unauthorized") && none.body == bad.body)
        #expect(none.headers["www-authenticate"] == #"Bearer realm="tasklane""#)
        #expect(bad.headers["www-authenticate"] == #"Bearer realm="tasklane", error="invalid_token""#)
    }

    @Test func `accepts, applies and tells`() throws {
        let caller = try Caller()
        let accepted = try caller.send("POST", "{me}", #"{"title":"Buy milk"}"#)
        let id = try #require(accepted.json["id"] as? String)
        #expect(accepted.status == 202 && accepted.json["status"] as? String == "queued")
        #expect(accepted.headers["location"] == "/api/requests/\(id)")
        #expect(accepted.headers["operation-location"] == "/api/requests/\(id)")
        #expect(accepted.headers["sync-token"] == id && accepted.headers["retry-after"] == "1")
        let done = try caller.send("GET", "/api/requests/\(id)?wait=20")
        let result = try #require(done.json["result"] as? [String: Any])
        #expect(done.json["status"] as? String == "succeeded" && result["status"] as? Int == 201)
        let stranger = try Caller()
        let hidden = try stranger.send("GET", "/api/requests/\(id)", nil, ["X-Request-Id": "x"])
        let unknown = try stranger.send("GET", "/api/requests/\(Self.id)", nil, ["X-Request-Id": "x"])
        #expect(hidden.isProblem(404, "request-not-found") && hidden.body == unknown.body)
        let list = try caller.send("GET", "/api/requests?ids=\(Self.id),\(id)")
        #expect(
            (list.json["requests"] as? [Any])?.count == 1 && list.json["not_found"] as? [String] == [Self.id])
    }

    @Test func `gives verdicts to those who wait`() throws {
        let caller = try Caller()
        let task = try caller.create(#"{"title":"a"}"#)
        let path = "{me}/\(try #require(task["id"] as? String))"
        let changed = try caller.send("PATCH", path, #"{"description":"d"}"#, caller.waiting)
        #expect(changed.status == 200 && changed.headers["etag"] == "\"v2\"")
        #expect(changed.headers["preference-applied"] == "wait=20" && changed.headers["sync-token"] != nil)
        let stale = try caller.send("PUT", path, Self.good, ["Prefer": "wait=20", "If-Match": "\"v1\""])
        #expect(stale.isProblem(412, "precondition-failed") && stale.json["etag"] as? String == "\"v2\"")
        let toggled = try caller.send("PATCH", path + "/complete", nil, ["Prefer": "return=minimal, wait=20"])
        #expect(toggled.status == 204 && toggled.headers["etag"] == "\"v3\"")
        #expect(try caller.send("GET", path, nil, ["If-None-Match": "W/\"v3\""]).status == 304)
        #expect(try caller.send("DELETE", path, nil, caller.waiting).status == 204)
        #expect(try caller.send("GET", path).isProblem(404, "task-not-found"))
    }

    @Test func `does once what comes twice under one key`() throws {
        let caller = try Caller()
        let key = ["Idempotency-Key": "k"]
        let first = try caller.send("POST", "{me}", #"{"title":"a","priority":"low"}"#, key)
        let again = try caller.send(
            "POST", "{me}", #"{ "priority":"low","title":"\u0061" }"#, ["Idempotency-Key": "\"k\""])
        #expect(again.headers["idempotent-replayed"] == "true" && first.headers["idempotent-replayed"] == nil)
        #expect(again.json["id"] as? String == first.json["id"] as? String)
        #expect(again.json["task_id"] as? String == first.json["task_id"] as? String)
        let waited = try caller.send(
            "POST", "{me}", #"{"title":"a","priority":"low"}"#, key.merging(caller.waiting) { $1 })
        #expect(waited.status == 201 && waited.json["id"] as? String == first.json["task_id"] as? String)
        let done = try caller.send("POST", "{me}", #"{"title":"a","priority":"low"}"#, key)
        #expect(done.status == 200 && done.json["status"] as? String == "succeeded")
        #expect(
            try caller.send("POST", "{me}", #"{"title":"b"}"#, key).isProblem(422, "idempotency-key-reused"))
        #expect(try caller.send("GET", "{me}").json["next_cursor"] is NSNull)
        #expect((try caller.send("GET", "{me}").json["tasks"] as? [Any])?.count == 1)
    }

    @Test func `applies the lines of a bulk in order`() throws {
        let caller = try Caller()
        let id = Self.id
        let lines = [
            #"{"op":"create","id":"\#(id)","data":{"title":"a"}}"#,
            #"{"op":"update","id":"\#(id)","data":{"title":"b"}}"#,
            #"{"op":"update","id":"\#(id)","if_match":"\"v9\"","data":{"title":"c"}}"#,
            #"{"op":"delete","id":"\#(id)"}"#,
        ].joined(separator: "\n")
        let type = ["Content-Type": "application/x-ndjson"]
        let answer = try caller.send("POST", "{me}/bulk", lines, type.merging(caller.waiting) { $1 })
        let items = try #require(answer.json["items"] as? [[String: Any]])
        #expect(answer.status == 200)
        #expect(items.map { $0["status"] as? String } == ["succeeded", "succeeded", "failed", "succeeded"])
        let mixed = try caller.send(
            "POST", "{me}/bulk", lines + "\n{}", type.merging(["Prefer": "handling=lenient"]) { $1 })
        #expect(mixed.status == 207 && mixed.json["accepted"] as? Int == 4)
        #expect(
            try caller.send("POST", "{me}/bulk", lines + "\n{}", type).isProblem(400, "validation-failed"))
    }

    @Test(arguments: [
        ("sort=title", ["Z", "a", "b", "é_%"]), ("sort=-title", ["é_%", "b", "a", "Z"]),
        ("sort=due_at", ["a", "b", "Z", "é_%"]), ("sort=-due_at", ["b", "a", "é_%", "Z"]),
        ("", ["é_%", "Z", "b", "a"]),
        ("q=%C3%89", ["é_%"]), ("q=_%25", ["é_%"]), ("q=z", ["Z"]), ("due_after=2026-01-01T00:00:00Z", ["b"]),
    ]) func `pages through lists in any order`(query: String, expected: [String]) throws {
        let caller = try Caller()
        for body in [
            #"{"title":"a","due_at":"2026-01-01T00:00:00Z"}"#,
            #"{"title":"b","due_at":"2026-01-02T00:00:00Z"}"#,
            #"{"title":"Z"}"#, #"{"title":"é_%"}"#,
        ] { _ = try caller.create(body) }
        var titles: [String] = []
        var cursor: String?
        repeat {
            let more = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try caller.send("GET", "{me}?limit=1&\(query)\(more)")
            titles += (page.json["tasks"] as? [[String: Any]] ?? []).compactMap { $0["title"] as? String }
            cursor = page.json["next_cursor"] as? String
            #expect((cursor == nil) == (page.headers["link"] == nil))
        } while cursor != nil
        #expect(titles == expected)
    }

    @Test func `lets clients read their own writes`() throws {
        let caller = try Caller()
        let accepted = try caller.send("POST", "{me}", Self.good)
        let token = try #require(accepted.headers["sync-token"])
        let task = try #require(accepted.json["task_id"] as? String)
        #expect(try caller.send("GET", "{me}/\(task)", nil, ["Sync-Token": token]).status == 200)
        #expect(try caller.send("GET", "{me}?sync_token=\(token)").status == 200)
    }
}
