import Shared

@testable import Worker

/// The life of one simulated worker process: slow, stopped for a while, or dead in any of its steps.
final class ProcessLife: @unchecked Sendable {
    enum Step {
        case goesOn
        /// The reply gets lost.
        case loses
        case dies
    }

    private let executor: SimulatedExecutor
    private let faults: World.Faults
    private(set) var isDead = false
    private var stoppedUntil = Timestamp(micros: 0)
    private var cutOffUntil = Timestamp(micros: 0)
    /// The open transaction of each applier ends with the process; one is enough, for the other one's stands idle.
    var transaction: Int?
    var onDeath: () -> Void = {}

    init(_ executor: SimulatedExecutor, _ faults: World.Faults) {
        self.executor = executor
        self.faults = faults
    }

    func die() {
        guard !isDead else { return }
        isDead = true
        faults.mishaps += 1
        onDeath()
    }

    /// SIGSTOP, and SIGCONT after `duration`.
    func stop(for duration: Duration) {
        faults.mishaps += 1
        stoppedUntil = executor.now + duration
    }

    /// The database is out of its reach, and of nobody else's, for `duration`.
    func cutOff(for duration: Duration) { cutOffUntil = executor.now + duration }

    var isCutOff: Bool { executor.now < cutOffUntil }

    /// Called before and after everything that touches the world.
    func step() async -> Step {
        if isDead { return .dies }
        if faults.areOn, executor.chance(faults.slow) {
            await executor.sleep(executor.draw(upTo: .milliseconds(300)))
        }
        while executor.now < stoppedUntil { await executor.sleep(stoppedUntil - executor.now) }
        if faults.areOn, executor.chance(faults.death) { die() }
        if isDead { return .dies }
        guard faults.areOn && executor.chance(faults.loss) else { return .goesOn }
        faults.mishaps += 1
        return .loses
    }
}
