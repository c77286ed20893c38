/// Waits that grow with each failure, drawn between nothing and the whole (full jitter), so that what failed together
/// does not come back together.
struct Backoff: Sendable {
    private let first: Duration
    private let most: Duration
    private(set) var failures = 0

    init(first: Duration, most: Duration) {
        self.first = first
        self.most = most
    }

    /// For a PostgreSQL or Redis that does not answer (DESIGN.md §1): 0.1 s to 30 s.
    static var outage: Backoff { Backoff(first: .milliseconds(100), most: .seconds(30)) }

    /// The next wait.
    mutating func next(_ random: inout some RandomNumberGenerator) -> Duration {
        defer { failures += 1 }
        return Backoff.draw(first: first, most: most, failures: failures, &random)
    }

    mutating func reset() { failures = 0 }

    /// The wait of a parked user after `attempts` failed ones: 1 s·2ⁿ, at most 5 min.
    static func retry(attempts: Int, _ random: inout some RandomNumberGenerator) -> Duration {
        draw(first: .seconds(1), most: .seconds(300), failures: attempts - 1, &random)
    }

    private static func draw(
        first: Duration, most: Duration, failures: Int, _ random: inout some RandomNumberGenerator
    ) -> Duration {
        // Past 2²⁰ every start has reached every limit.
        let whole = min(first * (1 << min(max(failures, 0), 20)), most)
        let micros = Int64(whole / .microseconds(1))
        return .microseconds(Int64.random(in: 0...max(micros, 1), using: &random))
    }
}
