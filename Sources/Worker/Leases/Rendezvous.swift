import Shared

/// Shares lanes among workers without talk: each lane goes to the worker that scores highest for it, so that a worker
/// that comes or goes moves only its own share (rendezvous hashing).
enum Rendezvous {
    /// The lanes of `worker` among `workers`, which should contain it.
    static func lanes(of worker: WorkerID, among workers: [WorkerID], count: Int) -> Set<Lane> {
        let seeds = workers.map { (worker: $0, seed: seed(of: $0)) }
        let own = seed(of: worker)
        var mine: Set<Lane> = []
        for index in 0..<count {
            let best = score(own, index)
            let isBeaten = seeds.contains { other in
                guard other.worker != worker else { return false }
                let theirs = score(other.seed, index)
                return theirs > best || theirs == best && precedes(other.worker, worker)
            }
            if !isBeaten { mine.insert(Lane(index)) }
        }
        return mine
    }

    private static func precedes(_ left: WorkerID, _ right: WorkerID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// FNV-1a; `Hasher` is seeded anew in each process.
    private static func seed(of worker: WorkerID) -> UInt64 {
        worker.bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static func score(_ seed: UInt64, _ lane: Int) -> UInt64 {
        var generator = SplitMix64(seed: seed ^ UInt64(lane) &* 0x9E37_79B9_7F4A_7C15)
        return generator.next()
    }
}
