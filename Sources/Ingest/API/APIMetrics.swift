internal import Shared
internal import Synchronization

/// What the API counts (OPERATE.md §2). The loops have a part each.
final class APIMetrics: Sendable {
    private let series: Series
    private let accepted: [Counter]
    /// By the endpoint's raw value.
    private let durations: [Histogram?]
    private let unmatched: Histogram
    let unaccounted: Counter
    let waiters: WaiterCount

    /// One series of `tasklane_http_requests_total`.
    struct Key: Hashable {
        let endpoint: Endpoint?
        let method: Method
        let status: Int
    }

    init(_ registry: MetricRegistry, routes: [Route]) {
        accepted = Mutation.Operation.allCases.map { operation in
            registry.counter(
                "tasklane_accepted_total", "Mutations that were put on their lane, by operation.",
                [("operation", "\(operation.name)")])
        }
        var durations: [Histogram?] = Endpoint.allCases.map { _ in nil }
        func histogram(_ route: String) -> Histogram {
            registry.histogram(
                "tasklane_http_request_duration_seconds",
                "From the head of a request to its answer, by route.",
                [("route", route)])
        }
        for route in routes { durations[Int(route.endpoint.rawValue)] = histogram(route.template) }
        self.durations = durations
        unmatched = histogram("unmatched")
        unaccounted = registry.counter(
            "tasklane_unaccounted_total", "Looks at requests that neither store nor lane knows any more.")
        let waiters = WaiterCount()
        self.waiters = waiters
        registry.gauge("tasklane_waiters", "Clients that wait for a result.") { Double(waiters.value) }
        series = Series(registry, routes)
    }

    private init(partOf whole: APIMetrics) {
        series = whole.series
        accepted = whole.accepted.map { $0.part() }
        durations = whole.durations.map { $0?.part() }
        unmatched = whole.unmatched.part()
        unaccounted = whole.unaccounted
        waiters = whole.waiters.part()
    }

    /// For one loop.
    func part() -> APIMetrics { APIMetrics(partOf: self) }

    func accepted(_ operation: Mutation.Operation, _ count: Int = 1) {
        accepted[Int(operation.rawValue) - 1].add(count)
    }

    func observe(_ endpoint: Endpoint?, nanoseconds: Int64) {
        (endpoint.flatMap { durations[Int($0.rawValue)] } ?? unmatched).observe(Double(nanoseconds) * 1e-9)
    }

    /// A part of the counter of a series; loops keep what they got.
    func counter(_ key: Key) -> Counter { series.counter(key).part() }

    /// The counters of answers, made when they are first wanted.
    private final class Series: Sendable {
        private let registry: MetricRegistry
        private let labels: [Endpoint: String]
        private let counters = Mutex<[Key: Counter]>([:])

        init(_ registry: MetricRegistry, _ routes: [Route]) {
            self.registry = registry
            labels = Dictionary(
                routes.map { ($0.endpoint, $0.template) }, uniquingKeysWith: { first, _ in first })
        }

        func counter(_ key: Key) -> Counter {
            counters.withLock { counters in
                if let counter = counters[key] { return counter }
                let counter = registry.counter(
                    "tasklane_http_requests_total", "Answers, by route, method and status.",
                    [
                        ("route", key.endpoint.flatMap { labels[$0] } ?? "unmatched"),
                        ("method", "\(key.method.name)"), ("code", "\(key.status)"),
                    ])
                counters[key] = counter
                return counter
            }
        }
    }
}
