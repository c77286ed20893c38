import Foundation
import Support
import Testing

@Suite(.serialized) struct `From end to end` {
    @Test func `the README's own lines work as they stand`() throws {
        let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
        let block = try #require(readme.components(separatedBy: "```sh\n").dropFirst().first)
        let script = try #require(block.components(separatedBy: "```").first)
        let deployment = try Deployment()
        let (status, output) = try ChildProcess.run(
            ["bash", "-eu", "-c", script],
            environment: ["TOKEN": deployment.token("u1"), "URL": "http://127.0.0.1:\(deployment.port)"])
        #expect(status == 0, "\(output)")
        #expect(output.contains(#""status":"queued""#), "\(output)")
        #expect(output.contains(#""status":"succeeded","done":true"#), "\(output)")
        #expect(output.contains(#"{"tasks":[{"id":"#) && output.contains("Drink it"), "\(output)")
    }

    @Test func `a mutation goes all the way, and its result can be read again`() throws {
        let deployment = try Deployment()
        let client = HTTPClient(port: deployment.port)
        let token = deployment.token("u1", claims: #","email":"u1@tasks.example","name":"U One""#)
        let waited = try client.send(
            "POST", "/api/u1/tasks", token: token, headers: ["Prefer": "wait=5"], body: #"{"title":"a"}"#)
        #expect(waited.status == 201 && waited.headers["etag"] == "\"v1\"", "\(waited.text)")
        let path = try #require(waited.headers["location"])
        #expect(try client.send("GET", path, token: token).body == waited.body)
        let gone = try client.send("DELETE", path, token: token, headers: ["Prefer": "wait=5"])
        #expect(gone.status == 204)
        #expect(try client.send("GET", path, token: token).json["code"] as? String == "task-not-found")
        #expect(
            try client.send("GET", "/api/users/u1", token: token).json["email"] as? String
                == "u1@tasks.example")
        #expect(try client.send("GET", "/api/u2/tasks", token: token).status == 403)
    }

    @Test func `a change of one task leaves its user's others alone`() throws {
        let deployment = try Deployment()
        func apply(_ method: String, _ path: String, _ body: String? = nil) throws {
            let id = try deployment.accept(method, path, user: "u1", body: body)
            #expect(try deployment.outcome(of: id, user: "u1")["status"] as? String == "succeeded")
        }
        let tasks = (1...3).map { "00000000-0000-7000-8000-00000000000\($0)" }
        for task in tasks { try apply("POST", "/api/u1/tasks", #"{"id":"\#(task)","title":"old"}"#) }
        try apply("PATCH", "/api/u1/tasks/\(tasks[0])", #"{"title":"new"}"#)
        try apply("DELETE", "/api/u1/tasks/\(tasks[1])")
        let left = try deployment.database.sql("SELECT id, title, version FROM tasks ORDER BY id")
        #expect(left == "\(tasks[0])|new|2\n\(tasks[2])|old|1")
    }

    @Test func `everything that was accepted is accounted for`() throws {
        let deployment = try Deployment()
        let tally = try deployment.underLoad("nothing") { deployment.awaitApplied(100) }
        #expect(tally.isClean, "\(tally)")
        try deployment.tasklane("drain", "--timeout", "10s")
        try deployment.tasklane("fsck", "--json")
        #expect(try deployment.tasklane("status", "--json").contains(#""depth":0"#))
    }

    @Test func `workers and ingest end cleanly when told to`() throws {
        let deployment = try Deployment(workers: 0, ingest: false)
        let programs = [try deployment.startIngest(), try deployment.startWorker()]
        for program in programs { program.signal(SIGTERM) }
        for program in programs {
            program.waitForEnd(seconds: 15)
            let status: Int32? = program.exitStatus
            #expect(status == 0, "\(program.log.suffix(1000))")
        }
    }

    private static let root: String = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
}
