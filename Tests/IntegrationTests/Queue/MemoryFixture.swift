import Shared
import Synchronization

/// The queue in memory, with a clock that a test moves.
final class MemoryFixture: QueueFixture {
    private final class Time: Sendable { let micros = Mutex<Int64>(1_700_000_000_000_000) }

    let lanes: MemoryLanes
    let queue: any Queue
    let other: any Queue
    private let time = Time()

    init() {
        let time = time
        lanes = MemoryLanes(now: { Timestamp(micros: time.micros.withLock { $0 }) })
        queue = MemoryQueue(lanes)
        other = MemoryQueue(lanes)
    }

    func accept(_ entries: [Entry], into lane: Lane) { lanes.accept(entries.map { $0.bytes }, into: lane) }

    func expireLease(of lane: Lane) { time.micros.withLock { $0 += 60_000_000 } }

    func pause(_ lane: Lane) { lanes.setPaused(true, lane) }

    func flush() { lanes.flush() }

    func losePushes(_ count: Int, of lane: Lane) { lanes.losePushes(count, of: lane) }

    func result(_ id: UUID, in lane: Lane) -> String? {
        lanes.result(id, in: lane).map { String(decoding: $0, as: UTF8.self) }
    }

    func count(_ lane: Lane) -> LaneCount { lanes.count(lane) }
}
