internal import Shared
internal import Synchronization

/// What the API counts (OPERATE.md §2); shared by the loops.
final class APIMetrics: Sendable {
    private let registry: MetricRegistry
    private let accepted: [Counter]
    /// By the endpoint's raw value.
    private let durations: [Histogram?]
    private let unmatched: Histogram
    private let requests = Mutex<[Key: Counter]>([:])
    let unaccounted: Counter
    let waiters = WaiterCount()

    /// One series of `tasklane_http_requests_total`.
    struct Key: Hashable {
        let endpoint: Endpoint?
        let method: Method
        let status: Int
    }

    init(_ registry: MetricRegistry, routes: [Route]) {
        self.registry = registry
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
        let waiters = waiters
        registry.gauge("tasklane_waiters", "Clients that wait for a result.") { Double(waiters.value) }
        labels = Dictionary(
            routes.map { ($0.endpoint, $0.template) }, uniquingKeysWith: { first, _ in first })
    }

    private let labels: [Endpoint: String]

    func accepted(_ operation: Mutation.Operation, _ count: Int = 1) {
        accepted[Int(operation.rawValue) - 1].add(count)
    }

    func observe(_ endpoint: Endpoint?, nanoseconds: Int64) {
        (endpoint.flatMap { durations[Int($0.rawValue)] } ?? unmatched).observe(Double(nanoseconds) * 1e-9)
    }

    /// The counter of a series; loops keep what they got.
    func counter(_ key: Key) -> Counter {
        requests.withLock { requests in
            if let counter = requests[key] { return counter }
            let counter = registry.counter(
                "tasklane_http_requests_total", "Answers, by route, method and status.",
                [
                    ("route", key.endpoint.flatMap { labels[$0] } ?? "unmatched"),
                    ("method", "\(key.method.name)"), ("code", "\(key.status)"),
                ])
            requests[key] = counter
            return counter
        }
    }
}
