internal import Shared

/// Whether this daemon can do its work, check by check.
final class Health {
    private let pipeline: RedisPipeline
    private let postgres: LoopPostgres
    private let services: Services

    /// A server that was stopped keeps its connections and says nothing.
    private static let patience: Duration = .seconds(1)

    init(pipeline: RedisPipeline, postgres: LoopPostgres, services: Services) {
        self.pipeline = pipeline
        self.postgres = postgres
        self.services = services
    }

    /// Redis decides: without it no write is accepted. Without PostgreSQL writes go on, so that taking this daemon out
    /// of service would only make things worse.
    struct Checks {
        var redis: Bool
        var postgres: Bool
        var isDraining: Bool

        var isServing: Bool { redis && !isDraining }

        var status: StaticString {
            if isDraining { return "draining" }
            if !redis { return "unavailable" }
            return postgres ? "ok" : "degraded"
        }
    }

    func check() async -> Checks {
        Checks(
            redis: await answersPing(), postgres: postgres.isConnected, isDraining: services.isDraining)
    }

    private func answersPing() async -> Bool {
        let latch = Latch<Bool>(on: services.loop)
        pipeline.send(1, { $0.add("PING") }) { reply in
            if case .success = reply { latch.fulfil(true) } else { latch.fulfil(false) }
        }
        if case .value(let isThere) = await latch.wait(until: services.loop.now + Health.patience) {
            return isThere
        }
        return false
    }
}

extension Health.Checks {
    /// 200 or 503; with each check by its name where operators ask.
    func response(showsChecks: Bool) -> Response {
        var json = JSONWriter(capacity: 96)
        json.beginObject()
        json.key("status")
        json.string(status)
        if showsChecks {
            json.key("checks")
            json.beginObject()
            json.key("redis")
            json.string(redis ? "ok" : "unavailable")
            json.key("postgres")
            json.string(postgres ? "ok" : "unavailable")
            json.key("draining")
            json.boolean(isDraining)
            json.endObject()
        }
        json.endObject()
        var response = Response.json(isServing ? 200 : 503, json.bytes)
        if !isServing { response.headers.append("Retry-After: 2\r\n") }
        return response
    }
}
