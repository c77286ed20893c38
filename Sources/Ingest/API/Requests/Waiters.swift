internal import Shared

/// Who on this loop waits for which requests to be done: thousands at once, woken by the `done` channel.
///
/// A waiter is told to look again, or gets the result where the message holds it. A message that is lost, or a
/// subscription that drops, costs time and nothing else: everybody looks again when it is back, and now and then anyway.
final class Waiters {
    /// One client that waits; ends itself with `leave`.
    final class Waiter {
        /// The first of its requests, and the others: nearly always there are none.
        fileprivate let first: UUID?
        fileprivate let others: [UUID]
        fileprivate var outstandingCount: Int
        fileprivate var latch: Latch<Void>?
        /// Something happened while nobody was in `next`.
        fileprivate var isRung = false
        /// Who is told instead of a task in `next`; nil after `leave`.
        fileprivate var bell: (any WaiterBell)?
        fileprivate var hasLeft = false

        fileprivate init(_ ids: [UUID]) {
            first = ids.first
            others = Array(ids.dropFirst())
            outstandingCount = ids.count
        }

        fileprivate init(_ id: UUID, _ bell: any WaiterBell) {
            first = id
            others = []
            outstandingCount = 1
            self.bell = bell
        }
    }

    /// Those who wait for one request: nearly always one.
    private enum Company {
        case one(Waiter)
        case several([Waiter])

        var all: [Waiter] {
            switch self {
            case .one(let waiter): [waiter]
            case .several(let waiters): waiters
            }
        }
    }

    private let loop: EventLoop
    private let count: WaiterCount
    private var byRequest: [UUID: Company] = [:]
    private var recent = RecentlyDone()

    init(on loop: EventLoop, count: WaiterCount) {
        self.loop = loop
        self.count = count
    }

    /// After this a waiter's look cannot miss what comes later.
    ///
    /// - Parameter ids: each once.
    func enter(_ ids: [UUID]) -> Waiter {
        let waiter = Waiter(ids)
        for id in ids { add(waiter, id) }
        entered()
        return waiter
    }

    /// The same for one request; `bell` is rung when it is worth a look, instead of a task in `next`.
    func enter(_ id: UUID, telling bell: any WaiterBell) -> Waiter {
        let waiter = Waiter(id, bell)
        add(waiter, id)
        entered()
        return waiter
    }

    private func add(_ waiter: Waiter, _ id: UUID) {
        if let there = byRequest.updateValue(.one(waiter), forKey: id) {
            byRequest[id] = .several(there.all + [waiter])
        }
    }

    private func entered() {
        count.add(1)
        recent.isOfUse(now: wallMilliseconds)
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
        if let id = waiter.first { forget(waiter, id) }
        for id in waiter.others { forget(waiter, id) }
    }

    private func forget(_ waiter: Waiter, _ id: UUID) {
        guard let there = byRequest[id] else { return }
        let left = there.all.filter { $0 !== waiter }
        byRequest[id] = left.isEmpty ? nil : .several(left)
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
        let remembers = recent.remembers(isEarly: DoneNotice.isEarly(message), now: wallMilliseconds)
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

    /// The channel is subscribed: what was published before may have been missed.
    func beganToHear() {
        recent.begin()
        ringAll()
    }

    /// The subscription is lost.
    func endedToHear() { recent.end() }

    /// - Parameter place: where `message` has the request's resource.
    private func done(_ id: UUID, _ place: Range<Int>?, _ message: Span<UInt8>) {
        switch byRequest.removeValue(forKey: id) {
        case nil: break
        case .one(let waiter)?: done(waiter, place, message)
        case .several(let waiters)?: for waiter in waiters { done(waiter, place, message) }
        }
    }

    private func done(_ waiter: Waiter, _ place: Range<Int>?, _ message: Span<UInt8>) {
        waiter.outstandingCount -= 1
        // A batch is looked at once, when its last request is done.
        guard waiter.outstandingCount == 0 else { return }
        var resource: [UInt8]?
        if waiter.bell != nil, let place {
            var text: [UInt8] = []
            text.append(message.extracting(place))
            resource = text
        }
        ring(waiter, resource)
    }

    /// Everybody looks again: messages may have been missed, or the server drains.
    func ringAll() {
        var rung: Set<ObjectIdentifier> = []
        for waiter in byRequest.values.flatMap(\.all) where rung.insert(ObjectIdentifier(waiter)).inserted {
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

/// How many clients wait, over all loops; each has a part.
final class WaiterCount: Sendable {
    private let entered: Counter
    private let left: Counter

    init() {
        entered = Counter()
        left = Counter()
    }

    private init(partOf whole: WaiterCount) {
        entered = whole.entered.part()
        left = whole.left.part()
    }

    func part() -> WaiterCount { WaiterCount(partOf: self) }

    func add(_ amount: Int) { if amount > 0 { entered.add(amount) } else { left.add(-amount) } }

    var value: Int { entered.value - left.value }
}
