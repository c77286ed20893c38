internal import Shared

/// The requests that a loop has heard to be done in the last seconds, so that whoever begins to wait for one need not ask
/// Redis whether it is done already. Under load nearly every long poll begins before its request is done.
///
/// What is told after its settle is kept only while somebody has waited lately: clients that never wait cost nothing
/// here. Being wrong costs a waiter its next look, a quarter of a second later.
struct RecentlyDone {
    private var young: Set<UUID> = []
    private var old: Set<UUID> = []
    /// Milliseconds since 1970 from which on every message was heard and is remembered; nil while that is no time.
    private var heardSince: Int64?
    private var youngSince: Int64 = 0
    private var isListening = false
    private var lastUse: Int64 = 0

    /// How long a request is remembered at least, in milliseconds.
    private static let memory: Int64 = 2000
    /// Requests remembered of that time at most: 1.5 MB.
    private static let countMax = 65_536
    /// Nobody has waited for so long, in milliseconds: what is done is of no use to anybody.
    private static let restAfter: Int64 = 10_000

    /// Messages are heard from now on.
    mutating func begin() {
        forget()
        isListening = true
    }

    /// Messages may be missed from now on.
    mutating func end() {
        forget()
        isListening = false
    }

    /// Somebody begins to wait.
    mutating func isOfUse(now: Int64) { lastUse = now }

    /// Whether `add` is worth calling for a message of this instant.
    ///
    /// - Parameter isEarly: it tells of requests before they are settled: these are always kept, as a look finds nothing.
    mutating func remembers(isEarly: Bool, now: Int64) -> Bool {
        guard isListening else { return false }
        if now - youngSince > RecentlyDone.memory || young.count >= RecentlyDone.countMax {
            heardSince = heardSince.map { max($0, youngSince) }
            youngSince = now
            swap(&old, &young)
            young.removeAll(keepingCapacity: true)
        }
        let isOfUse = now - lastUse < RecentlyDone.restAfter
        guard isOfUse || isEarly else {
            heardSince = nil
            return false
        }
        if heardSince == nil { heardSince = now }
        return true
    }

    mutating func add(_ id: UUID) { young.insert(id) }

    /// Whether the request was made late enough to be remembered if it was done.
    func wouldHold(_ id: UUID) -> Bool {
        guard let heardSince else { return false }
        return id.milliseconds > heardSince
    }

    func holds(_ id: UUID) -> Bool { young.contains(id) || old.contains(id) }

    private mutating func forget() {
        heardSince = nil
        young = []
        old = []
    }
}
