internal import Synchronization

/// A number that only grows. Any thread may add.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    private let parts = Mutex<[Counter]>([])

    package init() {}

    package func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    /// What was added to it and to its parts.
    package var value: Int {
        parts.withLock { $0 }.reduce(count.load(ordering: .relaxed)) { $0 + $1.value }
    }

    /// A counter whose value counts here too, for a thread that adds with each request: processors that add to the same
    /// number wait for each other's cache.
    package func part() -> Counter {
        let part = Counter()
        parts.withLock { $0.append(part) }
        return part
    }
}

/// A number that goes up and down. Any thread may set it.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Observations counted in buckets, with their sum. Any thread may observe.
package final class Histogram: Sendable {
    /// Upper bounds, ascending; the last bucket (+Inf) is implied.
    package let bounds: [Double]
    private let counts: [Counter]
    /// In millionths, so that it can be an integer and adding needs no loop.
    private let sumMillionths: Counter

    package init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bucket bounds must ascend")
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in Counter() }
        sumMillionths = Counter()
    }

    private init(partOf whole: Histogram) {
        bounds = whole.bounds
        counts = whole.counts.map { $0.part() }
        sumMillionths = whole.sumMillionths.part()
    }

    /// As `Counter.part`.
    package func part() -> Histogram { Histogram(partOf: self) }

    package func observe(_ value: Double) {
        var bucket = 0
        while bucket < bounds.count && value > bounds[bucket] { bucket += 1 }
        counts[bucket].add()
        sumMillionths.add(Int(min(max(value, 0), 1e12) * 1e6))
    }

    package func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) / 1e18)
    }

    /// How many fell into each bucket, not accumulated; one more than `bounds`.
    package var bucketCounts: [Int] { counts.map(\.value) }

    package var sum: Double { Double(sumMillionths.value) / 1e6 }

    /// From 100 µs to 30 s: what requests, batches and waits take.
    package static let seconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// From 1 to 10,000: sizes of batches.
    package static let sizes: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]
}
