internal import CSystem
import Shared

extension Command {
    static let bench = Command(
        "bench",
        summary:
            "load against a running ingest, with a summary; makes real tasks of users bench-0, bench-1 …",
        details: """
            For a first idea of what a deployment carries, from the host that ingest runs on. The tasks stay: run it
            against a deployment of its own. Afterwards it waits until everything is applied.
            """,
        options: [
            Option("port", letter: "p", value: "PORT", "of ingest on 127.0.0.1 (from TASKLANE_LISTEN)"),
            Option("connections", letter: "c", value: "N", "keep-alive connections (32)"),
            Option("duration", letter: "d", value: "TIME", "how long (10s)"),
            Option("users", value: "N", "users that the load is spread over (100)"),
        ]
    ) { session throws(CommandFailure) in
        let configuration = try session.configuration()
        let own = configuration.listen.split(separator: ":").last.flatMap { Int($0) }
        guard let port = try session.arguments.number("port", in: 1...65535) ?? own else {
            throw .usage("TASKLANE_LISTEN is no TCP address: say --port")
        }
        let duration = try TimeText.duration(
            session.arguments.value("duration") ?? "10s", called: "--duration")
        let minter = TokenMinter(
            secret: try session.signingSecret(configuration),
            policy: TokenPolicy(issuer: configuration.jwtIssuer, audience: configuration.jwtAudience))
        let now = Lanes.now
        let users = (0..<(try session.arguments.number("users", in: 1...100_000) ?? 100)).compactMap {
            UserID("bench-\($0)")
        }
        let tokens = users.map { user in
            let expiry = Timestamp(micros: now.micros + 86_400_000_000)
            return String(
                decoding: minter.mint(Identity(user: user, expiresAt: expiry), now: now), as: UTF8.self)
        }
        let seconds = duration / .seconds(1)
        let interruption = Interruption()
        var load = BenchLoad(
            BenchLoad.Plan(
                port: port, connections: try session.arguments.number("connections", in: 1...10000) ?? 32,
                seconds: seconds, users: users, tokens: tokens))
        var bar = ProgressBar("loading")
        let outcome = try load.run(until: { interruption.isRaised }) { passed in
            bar.show(Int(min(passed, seconds) * 10), of: Int(seconds * 10))
        }
        bar.clear()
        let drained = try session.waitUntilApplied(configuration, interruption)
        let summary = BenchSummary(outcome: outcome, drainSeconds: drained)
        if session.wantsJSON {
            session.output.object(summary.encode)
        } else {
            for line in summary.lines { session.output.line(line) }
        }
        if outcome.latencies.isEmpty {
            throw .failed("nothing was answered: is tasklane-ingest well? (tasklane doctor)")
        }
    }
}

extension Session {
    /// Seconds until no lane holds anything; nil when that takes more than a minute, or Ctrl-C came.
    fileprivate func waitUntilApplied(
        _ configuration: Configuration, _ interruption: Interruption
    ) throws(CommandFailure) -> Double? {
        let lanes = try Lanes(try redis(configuration), configuration: configuration)
        let started = tl_monotonic_nanos()
        while true {
            let passed = Double(tl_monotonic_nanos() - started) / 1e9
            if Totals(try lanes.readings(), at: Lanes.now).waiting == 0 { return passed }
            if passed > 60 || interruption.wait(upTo: .milliseconds(20)) { return nil }
        }
    }
}

/// What `bench` prints.
private struct BenchSummary {
    let outcome: BenchLoad.Outcome
    let drainSeconds: Double?

    private var rate: Double { outcome.seconds > 0 ? Double(outcome.latencies.count) / outcome.seconds : 0 }

    private func percentile(_ share: Double) -> Double {
        let sorted = outcome.latencies.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    var lines: [String] {
        let codes = outcome.codes.sorted { $0.key < $1.key }.map { "\($0.key): \(Readable.count($0.value))" }
        let broken = outcome.broken > 0 ? ", \(outcome.broken) connections broke" : ""
        return [
            "\(Readable.count(outcome.latencies.count)) answers in \(Readable.age(seconds: outcome.seconds)): "
                + "\(Readable.rate(rate)) (\(codes.joined(separator: ", "))\(broken))",
            "time to answer: p50 \(micros(0.5)), p95 \(micros(0.95)), p99 \(micros(0.99)), most \(micros(1))",
            drainSeconds.map { "everything was applied \(Readable.age(seconds: $0)) after the last answer" }
                ?? "not everything was applied within a minute: tasklane status",
        ]
    }

    private func micros(_ share: Double) -> String {
        "\(Readable.tenths(percentile(share) * 1000)) ms"
    }

    func encode(to json: inout JSONWriter) {
        json.member("answers", outcome.latencies.count)
        json.member("seconds", outcome.seconds)
        json.member("per_second", rate)
        json.key("codes")
        json.beginObject()
        for (code, count) in outcome.codes.sorted(by: { $0.key < $1.key }) {
            json.key(text: "\(code)")
            json.integer(count)
        }
        json.endObject()
        json.member("broken_connections", outcome.broken)
        json.member("p50_ms", percentile(0.5) * 1000)
        json.member("p95_ms", percentile(0.95) * 1000)
        json.member("p99_ms", percentile(0.99) * 1000)
        json.key("applied_after_seconds")
        if let drainSeconds { json.decimal(drainSeconds) } else { json.null() }
    }
}
