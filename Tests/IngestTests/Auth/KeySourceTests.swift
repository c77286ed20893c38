import Foundation
import Shared
import Support
import Synchronization
import Testing

@testable import Ingest

/// A JWKS that the tests serve, with what was asked of it.
private final class Issuer: Sendable {
    let answer = Mutex<Response>(.json(200, Array(SignedTokens.keySet.utf8)))
    let requests = Atomic<Int>(0)
    private let server = Mutex<HTTPTestServer?>(nil)

    init() throws {
        let made = try HTTPTestServer { [self] _, _, _ in
            requests.wrappingAdd(1, ordering: .relaxed)
            return .answer(answer.withLock { $0 })
        }
        server.withLock { $0 = made }
    }

    var address: HTTPAddress {
        get throws {
            let port = server.withLock { $0?.port ?? 0 }
            return try #require(HTTPAddress("http://127.0.0.1:\(port)/jwks"))
        }
    }

    var requestCount: Int { requests.load(ordering: .relaxed) }
    func stop() { server.withLock { $0 }?.drain() }
}

@Suite struct `A source of public keys` {
    private let now = TokenBuilder.now

    private func bench(_ place: KeySource.Place) throws -> (AuthenticatorBench, KeySource) {
        let ring = KeyRing(KeySet(publicKeys: []))
        let source = try KeySource(place, ring: ring, log: .silent)
        return (AuthenticatorBench(keySource: source, ring: ring), source)
    }

    @Test func `fetches the key that a token names`() async throws {
        let issuer = try Issuer()
        let (bench, _) = try bench(.url(try issuer.address))
        guard
            case .wait(let pending) = bench.authenticator.authenticate(
                Array("Bearer \(SignedTokens.es256)".utf8)[...], now: now)
        else {
            Issue.record("the token was decided without its key")
            return
        }
        #expect(try await bench.authenticator.resolve(pending).get().user.description == "u1")
        #expect(bench.outcome("Bearer " + SignedTokens.rs256) == "u1")
        #expect(issuer.requestCount == 1)
        issuer.stop()
    }

    @Test func `is asked once by many, and again only after thirty seconds`() async throws {
        let issuer = try Issuer()
        issuer.answer.withLock { $0 = .json(200, Array(#"{"keys":[]}"#.utf8)) }
        let (bench, source) = try bench(.url(try issuer.address))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { await source.refresh(now: now) } }
        }
        #expect(issuer.requestCount == 1)
        #expect(bench.outcome("Bearer " + SignedTokens.es256) == "refused: unknown_key")
        #expect(
            bench.outcome("Bearer " + SignedTokens.es256, now: now + .seconds(29)) == "refused: unknown_key")
        #expect(bench.outcome("Bearer " + SignedTokens.es256, now: now + .seconds(30)) == "wait")
        await source.refresh(now: now + .seconds(30))
        #expect(issuer.requestCount == 2)
        issuer.stop()
    }

    @Test func `keeps its keys for a day when it fails, and no longer`() async throws {
        let issuer = try Issuer()
        let (bench, source) = try bench(.url(try issuer.address))
        await source.refresh(now: now)
        issuer.answer.withLock { $0 = Response(status: 500) }
        await source.refresh(now: now + .seconds(600))
        #expect(bench.outcome("Bearer " + SignedTokens.es256) == "u1")
        source.keepFresh(now: now + .seconds(86_399))
        #expect(bench.outcome("Bearer " + SignedTokens.es256) == "u1")
        await source.refresh(now: now + .seconds(86_399))
        source.keepFresh(now: now + .seconds(86_500))
        #expect(bench.outcome("Bearer " + SignedTokens.es256) != "u1")
        issuer.stop()
    }

    @Test func `is read again after ten minutes`() async throws {
        let issuer = try Issuer()
        let (_, source) = try bench(.url(try issuer.address))
        await source.refresh(now: now)
        source.keepFresh(now: now + .seconds(599))
        await source.refresh(now: now + .seconds(1))
        #expect(issuer.requestCount == 1)
        source.keepFresh(now: now + .seconds(600))
        await source.refresh(now: now + .seconds(601))
        #expect(issuer.requestCount == 2)
        issuer.stop()
    }

    @Test func `follows no redirect`() throws {
        let elsewhere = try Issuer()
        let location = try elsewhere.address.text
        let issuer = try RawServer("HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
        let address = try #require(HTTPAddress("http://127.0.0.1:\(issuer.port)/"))
        #expect(throws: FetchError.status(302)) { _ = try HTTPFetch.get(address) }
        #expect(elsewhere.requestCount == 0)
        elsewhere.stop()
    }

    @Test func `reads no endless answer`() throws {
        let endless = String(repeating: " ", count: HTTPFetch.bytesMax + 1)
        let issuer = try RawServer("HTTP/1.1 200 OK\r\n\r\n" + endless)
        let address = try #require(HTTPAddress("http://127.0.0.1:\(issuer.port)/"))
        #expect(throws: FetchError.tooLarge) { _ = try HTTPFetch.get(address) }
    }

    @Test func `wants a key set`() throws {
        let issuer = try Issuer()
        for answer in [Response(status: 404), .json(200, Array("<html>".utf8)), .json(200, [])] {
            issuer.answer.withLock { $0 = answer }
            #expect(throws: KeySourceError.self) { _ = try KeySource.keys(at: .url(try issuer.address)) }
        }
        issuer.stop()
    }

    @Test func `may be a file`() async throws {
        let path = TemporaryDirectory.make("jwks") + "/keys.json"
        try SignedTokens.keySet.write(toFile: path, atomically: true, encoding: .utf8)
        let (bench, source) = try bench(.file(path))
        await source.refresh(now: now)
        #expect(bench.outcome("Bearer " + SignedTokens.edDSA) == "u1")
        try FileManager.default.removeItem(atPath: path)
        await source.refresh(now: now + .seconds(60))
        #expect(bench.outcome("Bearer " + SignedTokens.edDSA) == "u1")
    }

    @Test(arguments: [
        "https://id.example/jwks", "http://127.0.0.1:3000/api/auth/jwks", "http://localhost/jwks",
        "http://[::1]:80/jwks",
        "http://127.9.9.9/",
    ]) func `is reached over https, or http on this machine`(text: String) {
        #expect(HTTPAddress(text) != nil)
    }

    @Test(arguments: [
        "http://id.example/jwks", "http://127.0.0.1@id.example/", "https://user:password@id.example/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/", "http://127.0.0.1.id.example/", "http://localhost.example/",
        "http://2130706433.example/", "", "jwks",
        "http://127.0.0.1\\@id.example/", "http://0.0.0.0/", "gopher://127.0.0.1/",
    ]) func `is reached in no other way`(text: String) { #expect(HTTPAddress(text) == nil) }
}
