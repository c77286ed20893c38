import Shared
import Support
import Testing

@Suite struct `The admin listener` {
    @Test func `answers by path and refuses what is no GET`() throws {
        let port = Deployment.freePort()
        let listener = try AdminListener(.ipv4(host: "127.0.0.1", port: port)) { path in
            path == "/livez" ? AdminAnswer(body: Array("ok\n".utf8)) : AdminAnswer(status: 404, body: [])
        }
        defer { listener.stop() }
        let live = try HTTPClient(port: port).send("GET", "/livez?verbose")
        #expect(live.status == 200 && live.text == "ok\n")
        #expect(try HTTPClient(port: port).send("GET", "/else").status == 404)
        #expect(try HTTPClient(port: port).send("POST", "/livez", body: "x").status == 400)
        #expect(try HTTPClient(port: port).send("HEAD", "/livez").status == 200)
    }
}
