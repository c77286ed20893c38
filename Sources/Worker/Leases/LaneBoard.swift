import Shared
import Synchronization

/// Which lanes this process holds, and which applier works on each: what the lease thread and the appliers share.
///
/// The lease thread grants and withdraws; an applier asks between two batches, and by asking lets go of what was
/// withdrawn. A stale view harms nobody (I2, I4): the board only saves work that would be refused.
final class LaneBoard: Sendable {
    private struct State {
        var held: [Lane: Lease] = [:]
        /// Crashes that the queue counted when the lane was taken, until the applier has read them.
        var crashes: [Lane: Int] = [:]
        /// Taken from an owner that had released them, until the applier has read it.
        var clean: Set<Lane> = []
        /// Withdrawn, and perhaps still in an applier's batch.
        var leaving: [Lane: Lease] = [:]
        /// Withdrawn, and in no batch.
        var idle: [Lease] = []
        var isStopping = false
        var generation = 0
    }

    /// What one applier may work on.
    struct Share: Sendable {
        let leases: [Lane: Lease]
        /// Lanes whose last owner died with them in hands, since the last share.
        let crashes: [Lane: Int]
        /// Lanes whose last owner released them, since the last share.
        let clean: Set<Lane>
        let generation: Int
    }

    private let appliers: Int
    private let state = Mutex(State())

    init(appliers: Int) { self.appliers = appliers }

    /// The applier of a lane: fixed, so that a lane is in one batch at a time.
    func applier(of lane: Lane) -> Int { lane.index % appliers }

    // MARK: the applier's side

    /// The lanes of `applier`, or nil where nothing changed since `generation`. The caller holds no batch.
    func share(of applier: Int, after generation: Int) -> Share? {
        state.withLock { state in
            guard state.generation != generation else { return nil }
            for (lane, lease) in state.leaving where self.applier(of: lane) == applier {
                state.leaving[lane] = nil
                state.idle.append(lease)
            }
            let mine = state.held.filter { self.applier(of: $0.key) == applier }
            let crashes = state.crashes.filter { self.applier(of: $0.key) == applier }
            for lane in crashes.keys { state.crashes[lane] = nil }
            let clean = state.clean.filter { self.applier(of: $0) == applier }
            state.clean.subtract(clean)
            return Share(leases: mine, crashes: crashes, clean: clean, generation: state.generation)
        }
    }

    /// The queue says that the lease is somebody else's.
    func lost(_ lease: Lease) {
        state.withLock { state in
            guard state.held[lease.lane] == lease else { return }
            state.held[lease.lane] = nil
            state.generation += 1
        }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    // MARK: the lease thread's side

    /// - Parameter isClean: the lane's last owner released it.
    func grant(_ lease: Lease, isClean: Bool, crashes: Int) {
        state.withLock { state in
            if isClean { state.clean.insert(lease.lane) } else { state.clean.remove(lease.lane) }
            state.held[lease.lane] = lease
            state.leaving[lease.lane] = nil
            if crashes > 0 { state.crashes[lease.lane] = crashes }
            state.generation += 1
        }
    }

    /// Asks for lanes back; they come out of `takeIdle` once no batch has them.
    func withdraw(_ lanes: some Sequence<Lane>) {
        state.withLock { state in
            for lane in lanes {
                guard let lease = state.held.removeValue(forKey: lane) else { continue }
                state.leaving[lane] = lease
            }
            state.generation += 1
        }
    }

    /// Forgets leases that are known to have run out.
    func drop(_ leases: some Sequence<Lease>) {
        state.withLock { state in
            for lease in leases {
                if state.held[lease.lane] == lease { state.held[lease.lane] = nil }
                if state.leaving[lease.lane] == lease { state.leaving[lease.lane] = nil }
            }
            state.generation += 1
        }
    }

    /// Withdrawn leases that may be released now.
    func takeIdle() -> [Lease] {
        state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
    }

    /// Every lease of this process, those on their way out included: they are renewed until they are released.
    var all: [Lease] { state.withLock { Array($0.held.values) + Array($0.leaving.values) } }

    var held: [Lane: Lease] { state.withLock { $0.held } }

    /// Appliers end after their batch.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            state.generation += 1
        }
    }

    /// After the appliers have ended: every lease that is left, to be released.
    func takeAll() -> [Lease] {
        state.withLock { state in
            defer {
                state.held = [:]
                state.leaving = [:]
                state.idle = []
            }
            return Array(state.held.values) + Array(state.leaving.values) + state.idle
        }
    }
}
