internal import Shared

/// Who on this loop waits for which requests to be done: thousands at once, woken by the lanes' `done` channels.
///
/// A waiter is told to look again; it never learns a result here. So a message that is lost, or a subscription that
/// drops, costs time and nothing else: everybody looks again when it is back, and now and then anyway.
final class Waiters {
    /// One client that waits; ends itself with `leave`.
    final class Waiter {
        fileprivate let ids: [UUID]
        fileprivate var outstandingCount: Int
        fileprivate var latch: Latch<Void>?
        /// Something happened while nobody was in `next`.
        fileprivate var isRung = false
        /// Who is told instead of a task in `next`; nil after `leave`.
        fileprivate var bell: (any WaiterBell)?
        fileprivate var hasLeft = false

        fileprivate init(_ ids: [UUID], _ bell: (any WaiterBell)?) {
            self.ids = ids
            self.bell = bell
            outstandingCount = ids.count
        }
    }

    private let loop: EventLoop
    private let count: WaiterCount
    private var byRequest: [UUID: [Waiter]] = [:]

    init(on loop: EventLoop, count: WaiterCount) {
        self.loop = loop
        self.count = count
    }

    /// After this a waiter's look cannot miss what comes later.
    ///
    /// - Parameters:
    ///   - ids: each once.
    ///   - bell: rung when it is worth a look; nil where a task calls `next`.
    func enter(_ ids: [UUID], telling bell: (any WaiterBell)? = nil) -> Waiter {
        let waiter = Waiter(ids, bell)
        for id in ids { byRequest[id, default: []].append(waiter) }
        count.add(1)
        return waiter
    }

    func leave(_ waiter: Waiter) {
        guard !waiter.hasLeft else { return }
        waiter.hasLeft = true
        waiter.bell = nil
        count.add(-1)
        guard waiter.outstandingCount > 0 else { return }
        for id in waiter.ids { forget(waiter, id) }
    }

    private func forget(_ waiter: Waiter, _ id: UUID) {
        guard var there = byRequest[id] else { return }
        there.removeAll { $0 === waiter }
        byRequest[id] = there.isEmpty ? nil : there
    }

    /// Suspends until one of the waiter's requests may be done, or until `deadline`. False when the task was cancelled.
    func next(_ waiter: Waiter, until deadline: LoopInstant) async -> Bool {
        if waiter.isRung {
            waiter.isRung = false
            return true
        }
        let latch = Latch<Void>(on: loop)
        waiter.latch = latch
        let outcome = await latch.wait(until: deadline)
        waiter.latch = nil
        waiter.isRung = false
        if case .cancelled = outcome { return false }
        return true
    }

    /// A message of a `done` channel: request ids with a space between.
    func done(_ payload: Span<UInt8>) {
        guard !byRequest.isEmpty else { return }
        var start = 0
        while start + UUID.textCount <= payload.count {
            if let id = UUID(text: payload.extracting(start..<start + UUID.textCount)) { done(id) }
            start += UUID.textCount + 1
        }
    }

    private func done(_ id: UUID) {
        guard let there = byRequest.removeValue(forKey: id) else { return }
        for waiter in there {
            waiter.outstandingCount -= 1
            // A batch is looked at once, when its last request is done.
            if waiter.outstandingCount == 0 { ring(waiter) }
        }
    }

    /// Everybody looks again: messages may have been missed, or the server drains.
    func ringAll() {
        var rung: Set<ObjectIdentifier> = []
        for waiter in byRequest.values.joined() where rung.insert(ObjectIdentifier(waiter)).inserted {
            ring(waiter)
        }
    }

    private func ring(_ waiter: Waiter) {
        if let bell = waiter.bell { return bell.rung() }
        waiter.isRung = true
        waiter.latch?.fulfil(())
    }
}

/// Is told that what it waits for may be done.
protocol WaiterBell: AnyObject {
    func rung()
}

/// How many clients wait, over all loops.
final class WaiterCount: Sendable {
    private let entered = Counter()
    private let left = Counter()

    func add(_ amount: Int) { if amount > 0 { entered.add(amount) } else { left.add(-amount) } }

    var value: Int { entered.value - left.value }
}
