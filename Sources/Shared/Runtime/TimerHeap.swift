/// What waits for a time: a binary heap of deadlines with cheap cancellation.
///
/// Cancelling frees the slot at once and leaves a stale entry in the heap, which is passed over when its time
/// comes; when stale entries outnumber live ones the heap is rebuilt, so that memory follows what is live.
struct TimerHeap {
    private struct Entry {
        var deadline: LoopInstant
        var slot: UInt32
        var generation: UInt32
    }
    private struct Slot {
        var generation: UInt32 = 0
        var action: (() -> Void)?
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var liveCount = 0

    mutating func insert(_ deadline: LoopInstant, _ action: @escaping () -> Void) -> LoopTimer {
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].action = action
        let generation = slots[Int(slot)].generation
        entries.append(Entry(deadline: deadline, slot: slot, generation: generation))
        siftUp(from: entries.count - 1)
        liveCount += 1
        return LoopTimer(slot: slot, generation: generation)
    }

    /// Forgets the timer; without effect when it has fired or been cancelled already.
    mutating func cancel(_ timer: LoopTimer) {
        guard Int(timer.slot) < slots.count, slots[Int(timer.slot)].generation == timer.generation else {
            return
        }
        release(timer.slot)
        if entries.count > 64, entries.count > liveCount * 2 { compact() }
    }

    /// When the next live timer is due.
    mutating func next() -> LoopInstant? {
        while let first = entries.first {
            if slots[Int(first.slot)].generation == first.generation { return first.deadline }
            removeFirst()
        }
        return nil
    }

    /// Takes the action of a timer that is due at `now`.
    mutating func takeDue(at now: LoopInstant) -> (() -> Void)? {
        guard let deadline = next(), deadline <= now else { return nil }
        let slot = entries[0].slot
        let action = slots[Int(slot)].action
        release(slot)
        removeFirst()
        return action
    }

    private mutating func release(_ slot: UInt32) {
        slots[Int(slot)].action = nil
        slots[Int(slot)].generation &+= 1
        free.append(slot)
        liveCount -= 1
    }

    private mutating func compact() {
        entries.removeAll { slots[Int($0.slot)].generation != $0.generation }
        guard entries.count > 1 else { return }
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
    }

    private mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        if entries.count > 1 { siftDown(from: 0) }
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].deadline < entries[parent].deadline else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(from start: Int) {
        var parent = start
        while true {
            var child = parent * 2 + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].deadline < entries[child].deadline { child += 1 }
            guard entries[child].deadline < entries[parent].deadline else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}

/// Names one scheduled action of a loop, for cancelling it.
package struct LoopTimer: Equatable, Sendable {
    let slot: UInt32
    let generation: UInt32
}
