internal import Synchronization

/// Leases, notes of lone tries, and the registry, each step as its script does it (Queue/Lua).
extension MemoryLanes {
    func acquire(_ lane: Lane, as token: LeaseToken, for duration: Duration) -> Acquisition {
        let now = now()
        return with(lane) { lane in
            if let owner = lane.owner, now < owner.until { return .held(by: owner.token) }
            let isClean = lane.holder == nil
            lane.owner = (token, now + duration)
            lane.holder = token
            if !isClean {
                let isIdle = lane.queue.isEmpty && lane.due.isEmpty
                lane.crashes = isIdle ? 0 : lane.crashes + 1
            }
            return .acquired(clean: isClean, crashes: lane.crashes)
        }
    }

    func renew(_ lease: Lease, for duration: Duration) -> Bool {
        let now = now()
        return with(lease.lane) { lane in
            guard lane.isOwned(by: lease.token, at: now) else { return false }
            lane.owner = (lease.token, now + duration)
            return true
        }
    }

    func release(_ lease: Lease) {
        with(lease.lane) { lane in
            guard lane.holder == lease.token else { return }
            lane.holder = nil
            if lane.owner?.token == lease.token { lane.owner = nil }
        }
    }

    func beginAlone(_ entry: UUID, in lease: Lease) -> Int? {
        let now = now()
        return with(lease.lane) { lane in
            guard lane.isOwned(by: lease.token, at: now) else { return nil }
            lane.alone[entry, default: 0] += 1
            return lane.alone[entry]
        }
    }

    func withdrawAlone(_ entry: UUID, in lease: Lease) {
        with(lease.lane) { lane in
            let left = (lane.alone[entry] ?? 0) - 1
            lane.alone[entry] = left > 0 ? left : nil
        }
    }

    func heartbeat(_ worker: WorkerID, info: [UInt8], forgetAfter: Duration) -> [WorkerSign] {
        let now = now()
        return state.withLock { state in
            state.workers[worker] = (now, info)
            state.workers = state.workers.filter { now - $0.value.at <= forgetAfter }
            return state.workers.map {
                WorkerSign(worker: $0.key, age: now - $0.value.at, info: $0.value.info)
            }
            .sorted { $0.worker.description < $1.worker.description }
        }
    }

    func leave(_ worker: WorkerID) { state.withLock { $0.workers[worker] = nil } }
}
