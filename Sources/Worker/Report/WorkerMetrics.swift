import Shared

/// Every instrument of a worker, asked for once (OPERATE.md §2).
final class WorkerMetrics: Sendable {
    let registry: MetricRegistry
    /// By operation and status of the verdict.
    private let applied: [[Counter]]
    private let deadLettered: [Counter]
    let batchSize: Histogram
    let applySeconds: Histogram
    let acceptToResult: Histogram
    let parked: Counter
    let retriesOutage: Counter
    let retriesKiller: Counter
    let lanesOwned: Gauge
    let takeoversClean: Counter
    let takeoversCrash: Counter
    let leasesLost: Counter
    let settlesRefused: Counter
    let redisErrors: Counter
    let postgresErrors: Counter
    let redriven: Counter
    let partitionsDropped: Counter

    /// The outcomes that `tasklane_applied_total` tells apart.
    private static let verdicts: [StaticString] = [
        "succeeded", "task-not-found", "task-id-conflict", "superseded", "precondition-failed", "dead",
    ]

    init(_ registry: MetricRegistry) {
        self.registry = registry
        applied = Mutation.Operation.allCases.map { operation in
            WorkerMetrics.verdicts.map { verdict in
                registry.counter(
                    "tasklane_applied_total", "Mutations that got their verdict.",
                    [("operation", "\(operation.name)"), ("verdict", "\(verdict)")])
            }
        }
        deadLettered = DeathReason.allCases.map { reason in
            registry.counter(
                "tasklane_dead_lettered_total", "Mutations set aside.", [("reason", reason.rawValue)])
        }
        batchSize = registry.histogram(
            "tasklane_apply_batch_size", "Entries of one transaction.", bounds: Histogram.sizes)
        applySeconds = registry.histogram(
            "tasklane_apply_duration_seconds", "From the peeked batch to its commit.")
        acceptToResult = registry.histogram(
            "tasklane_accept_to_result_seconds", "From acceptance to the commit of the verdict.")
        let retries = { (name: String) in
            registry.counter("tasklane_retries_total", "Tries that failed, by class.", [("class", name)])
        }
        parked = retries("retryable")
        retriesOutage = retries("outage")
        retriesKiller = retries("killer")
        lanesOwned = registry.gauge("tasklane_lanes_owned", "Lanes that this process holds.")
        let takeovers = { (isClean: String) in
            registry.counter(
                "tasklane_lease_takeovers_total", "Lanes taken, by whether their last owner released them.",
                [("clean", isClean)])
        }
        takeoversClean = takeovers("true")
        takeoversCrash = takeovers("false")
        leasesLost = registry.counter("tasklane_leases_lost_total", "Leases that ran out or were taken.")
        settlesRefused = registry.counter(
            "tasklane_settles_refused_total", "Settles that the queue refused; the prefix was read again.")
        redisErrors = registry.counter("tasklane_redis_errors_total", "Failed calls to Redis.")
        postgresErrors = registry.counter("tasklane_postgres_errors_total", "Failed trips to PostgreSQL.")
        redriven = registry.counter("tasklane_redrives_finished_total", "Redrives that the sweep finished.")
        partitionsDropped = registry.counter(
            "tasklane_partitions_dropped_total", "Days of the inbox that were dropped.")
    }

    func count(_ operation: Mutation.Operation, _ verdict: Verdict) {
        let place =
            switch verdict.code {
            case nil: 0
            case .taskNotFound: 1
            case .taskIDConflict: 2
            case .superseded: 3
            case .preconditionFailed: 4
            case .deadLettered: 5
            }
        applied[Int(operation.rawValue) - 1][place].add()
    }

    func count(_ reason: DeathReason) {
        guard let place = DeathReason.allCases.firstIndex(of: reason) else { return }
        deadLettered[place].add()
    }
}
