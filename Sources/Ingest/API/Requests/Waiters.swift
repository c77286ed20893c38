internal import Shared

/// Who on this loop waits for which requests to be done: thousands at once, woken by the `done` channel.
///
/// A waiter is told to look again, or gets the result where the message holds it. A message that is lost, or a
/// subscription that drops, costs time and nothing else: everybody looks again when it is back, and now and then anyway.
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
    private var recent = RecentlyDone()

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
        recent.isOfUse(now: wallMilliseconds)
        return waiter
    }

    /// True where a look would find no result: this loop has listened since before the request was made, and has not
    /// heard of it. A message may yet be on its way; it wakes whoever waits.
    func wouldHaveHeard(of id: UUID) -> Bool { recent.wouldHold(id) && !recent.holds(id) }

    /// True where this loop has heard of it lately. A result that is not in Redis yet is in PostgreSQL then.
    func hasHeard(of id: UUID) -> Bool { recent.holds(id) }

    private var wallMilliseconds: Int64 { loop.wallMicros / 1000 }

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

    /// A message of the `done` channel.
    func heard(_ message: Span<UInt8>) {
        let isBrief = message.count < Waiters.briefMax
        let remembers = recent.remembers(isBrief: isBrief, now: wallMilliseconds)
        guard remembers || !byRequest.isEmpty else { return }
        DoneNotice.read(message) { part in
            switch part {
            case .lane: break
            case .done(let id):
                if remembers { recent.add(id) }
                done(id, nil, message)
            case .resource(let id, let place):
                if remembers { recent.add(id) }
                done(id, place, message)
            }
        }
    }

    /// Bytes of a message that tells of a few requests at most: the largest resource of one has 10 KB.
    private static let briefMax = 16_384

    /// The channel is subscribed: what was published before may have been missed.
    func beganToHear() {
        recent.begin()
        ringAll()
    }

    /// The subscription is lost.
    func endedToHear() { recent.end() }

    /// - Parameter place: where `message` has the request's resource.
    private func done(_ id: UUID, _ place: Range<Int>?, _ message: Span<UInt8>) {
        guard let there = byRequest.removeValue(forKey: id) else { return }
        for waiter in there {
            waiter.outstandingCount -= 1
            // A batch is looked at once, when its last request is done.
            guard waiter.outstandingCount == 0 else { continue }
            var resource: [UInt8]?
            if waiter.ids.count == 1, let place {
                var text: [UInt8] = []
                text.append(message.extracting(place))
                resource = text
            }
            ring(waiter, resource)
        }
    }

    /// Everybody looks again: messages may have been missed, or the server drains.
    func ringAll() {
        var rung: Set<ObjectIdentifier> = []
        for waiter in byRequest.values.joined() where rung.insert(ObjectIdentifier(waiter)).inserted {
            ring(waiter, nil)
        }
    }

    private func ring(_ waiter: Waiter, _ resource: [UInt8]?) {
        if let bell = waiter.bell { return bell.rung(resource) }
        waiter.isRung = true
        waiter.latch?.fulfil(())
    }
}

/// Is told that what it waits for may be done.
protocol WaiterBell: AnyObject {
    /// - Parameter resource: of the one request that is waited for, where the message held it.
    func rung(_ resource: [UInt8]?)
}

/// How many clients wait, over all loops.
final class WaiterCount: Sendable {
    private let entered = Counter()
    private let left = Counter()

    func add(_ amount: Int) { if amount > 0 { entered.add(amount) } else { left.add(-amount) } }

    var value: Int { entered.value - left.value }
}
