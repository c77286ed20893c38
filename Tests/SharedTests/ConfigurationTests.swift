import Shared
import Testing

@Suite struct `A configuration` {
    @Test func `has a default for every setting`() {
        let (configuration, faults) = Configuration.read(Environment([:]))
        #expect(faults == [])
        #expect(
            configuration.lanes == 256 && configuration.batch == 500
                && configuration.listen == "127.0.0.1:8080")
    }

    @Test func `reports everything that is wrong at once`() {
        let (_, faults) = Configuration.read(
            Environment([
                "TASKLANE_LANES": "+5", "TASKLANE_BATCH": "0", "REDIS_URL": "http://x",
                "TASKLANE_LISTEN": "8080",
                "TASKLANE_USER_RATE": "fast", "TASKLANE_CORS_ORIGINS": "https://a.example,*",
                "TASKLANE_LOG": "loud",
            ]))
        #expect(faults.count == 7)
        #expect(faults.allSatisfy { $0.contains(": ") })
    }

    @Test func `masks every secret in its listing`() {
        let (configuration, _) = Configuration.read(
            Environment([
                "DATABASE_URL": "postgresql://u:hidden@h/db?password=hidden&sslmode=require",
                "REDIS_URL": "redis://:hidden@h:1/0",
                "BETTER_AUTH_SECRET": "hidden", "TASKLANE_JWT_SECRETS": "k2:hidden,k1:hidden",
                "TASKLANE_JWKS_URL": "https://u:hidden@h/x",
            ]))
        let text = configuration.listing.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
        #expect(!text.contains("hidden"))
        #expect(text.contains("k2:***,k1:***"))
        #expect(text.contains("postgresql://u:***@h/db?password=***&sslmode=require"))
    }

    @Test func `takes rate and burst of a user`() {
        #expect(
            Configuration.read(Environment(["TASKLANE_USER_RATE": "100/s:200"])).configuration.userRate
                == UserRate(rate: 100, burst: 200))
    }
}

@Suite struct `Metrics` {
    @Test func `are written as Prometheus text`() {
        let registry = MetricRegistry()
        registry.counter("tasklane_x_total", "X.", [("reason", "a\"b")]).add(3)
        registry.gauge("tasklane_y", "Y.") { 1.5 }
        registry.histogram("tasklane_z_seconds", "Z.", bounds: [1, 2]).observe(1.5)
        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(text.contains("# TYPE tasklane_x_total counter\ntasklane_x_total{reason=\"a\\\"b\"} 3\n"))
        #expect(text.contains("tasklane_y 1.5\n"))
        #expect(
            text.contains("tasklane_z_seconds_bucket{le=\"1\"} 0\ntasklane_z_seconds_bucket{le=\"2\"} 1\n"))
        #expect(text.contains("tasklane_z_seconds_bucket{le=\"+Inf\"} 1\ntasklane_z_seconds_sum 1.5\n"))
    }
}
