import CSystem
import Shared
import Support
import Testing

/// A Redis that speaks TLS on a port of its own, with a certificate of its own authority.
private struct TLSServer {
    let redis: PrivateRedis
    let port: UInt16
    let authority: String

    init() throws {
        let folder = TemporaryDirectory.make("tls")
        authority = folder + "/ca.crt"
        let commands = [
            "req -x509 -newkey rsa:2048 -nodes -keyout \(folder)/ca.key -out \(folder)/ca.crt -days 2 -subj /CN=authority",
            "req -newkey rsa:2048 -nodes -keyout \(folder)/key -out \(folder)/csr -subj /CN=localhost",
            "x509 -req -in \(folder)/csr -CA \(folder)/ca.crt -CAkey \(folder)/ca.key -CAcreateserial "
                + "-out \(folder)/crt -days 2 -extfile \(folder)/names",
        ]
        _ = try ChildProcess.run([
            "sh", "-c", "echo subjectAltName=DNS:localhost > \(folder)/names",
        ])
        for command in commands {
            let (status, output) = try ChildProcess.run(
                ["openssl"] + command.split(separator: " ").map(String.init))
            guard status == 0 else { throw ChildFailure(description: output) }
        }
        port = Deployment.freePort()
        redis = try PrivateRedis([
            "--tls-port", String(port), "--tls-cert-file", folder + "/crt", "--tls-key-file", folder + "/key",
            "--tls-ca-cert-file", authority, "--tls-auth-clients", "no",
        ])
    }
}

@Suite(.serialized) struct `Redis through TLS` {
    private static func failure(_ url: RedisURL) -> String? {
        do throws(RedisError) {
            _ = try RedisConnection(to: url, options: RedisOptions(name: "test"))
            return nil
        } catch { return error.description }
    }

    @Test func `is trusted by its certificate and its name alone`() throws {
        let server = try TLSServer()
        defer { server.redis.kill() }
        let url = try #require(RedisURL("rediss://localhost:\(server.port)"))
        let stranger = try #require(Self.failure(url))
        #expect(stranger.contains("certificate"))

        unsafe setenv("SSL_CERT_FILE", server.authority, 1)
        defer { unsafe unsetenv("SSL_CERT_FILE") }
        let redis = try RedisConnection(to: url, options: RedisOptions(name: "test"))
        let large = [UInt8](repeating: 0x61, count: 3_000_000)
        for _ in 0..<4 { redis.append(["ECHO", .bytes(large)]) }
        try redis.flush()
        for _ in 0..<4 { #expect(try redis.readReply().bytes?.count == 3_000_000) }

        let byAddress = try #require(RedisURL("rediss://127.0.0.1:\(server.port)"))
        let other = try #require(Self.failure(byAddress))
        #expect(other.contains("certificate"))

        let answers = try onLoop { loop in
            let pipeline = RedisPipeline(loop: loop, url: url, options: RedisOptions(name: "test"))
            while !pipeline.isConnected { try? await loop.sleep(for: .milliseconds(1)) }
            let echo = try? await pipeline.call("ECHO", .bytes(large))
            let last = try? await pipeline.call("PING")
            pipeline.stop()
            return "\(echo?.bytes?.count ?? 0) \(last?.text ?? "none")"
        }
        #expect(answers == "3000000 PONG")
    }
}
