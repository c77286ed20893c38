import Shared

@testable import Worker

/// Runs tasks one job at a time, in an order and with a clock that follow from a seed alone: one seed, one history.
///
/// Safe although unchecked: everything that touches it runs on the thread that is inside `run`.
final class SimulatedExecutor: TaskExecutor, @unchecked Sendable {
    @safe private struct Sleeper {
        let until: Int64
        let number: Int
        let continuation: UnsafeContinuation<Void, Never>
    }

    private var jobs: [UnownedJob] = []
    private var sleepers: [Sleeper] = []
    private var sleepersSoFar = 0
    private(set) var micros: Int64
    private(set) var steps = 0
    var random: SplitMix64

    init(seed: UInt64, start: Timestamp) {
        random = SplitMix64(seed: seed)
        micros = start.micros
    }

    var now: Timestamp { Timestamp(micros: micros) }

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// Starts a task of the history.
    func spawn(_ body: @escaping @Sendable () async -> Void) {
        Task.detached(executorPreference: self) { await body() }
    }

    func sleep(_ duration: Duration) async {
        let until = micros + max(0, Int64(duration / .microseconds(1)))
        await unsafe withUnsafeContinuation { continuation in
            sleepersSoFar += 1
            unsafe sleepers.append(Sleeper(until: until, number: sleepersSoFar, continuation: continuation))
        }
    }

    /// Runs until nobody has anything left to do; false when `stepsMax` jobs were not enough.
    func run(stepsMax: Int = 200_000) -> Bool {
        while true {
            if !jobs.isEmpty {
                steps += 1
                if steps > stepsMax { return false }
                let job = jobs.remove(at: Int(random.next() % UInt64(jobs.count)))
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            } else if let next = sleepers.indices.min(by: { isEarlier(sleepers[$0], sleepers[$1]) }) {
                let sleeper = sleepers.remove(at: next)
                micros = max(micros, sleeper.until)
                unsafe sleeper.continuation.resume()
            } else {
                return true
            }
        }
    }

    private func isEarlier(_ left: Sleeper, _ right: Sleeper) -> Bool {
        left.until == right.until ? left.number < right.number : left.until < right.until
    }

    // MARK: drawing

    func chance(_ probability: Double) -> Bool { Double(random.next() >> 11) / Double(1 << 53) < probability }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func draw(upTo duration: Duration) -> Duration {
        .microseconds(Int64.random(in: 0...Int64(duration / .microseconds(1)), using: &random))
    }
}
