import Shared

/// Where one request is, and what it waits for: put together from the lanes, the results and PostgreSQL.
struct RequestTrace {
    /// A place in a lane's queue or in a parked user's list.
    struct Place {
        let lane: LaneReading
        let queued: QueuedEntry
        /// Mutations before it in the same list.
        let ahead: Int
        let aheadOfSameUser: Int
        /// The parked user that it waits with.
        let parked: LaneReading.Parked?
    }

    /// A verdict that PostgreSQL holds.
    struct Verdict {
        let status: Int
        let code: String?
        let finishedAt: Timestamp
        let redrive: Int
        let version: Int?
    }

    let id: UUID
    var user: String?
    var lane: Lane?
    var operation: String?
    var task: UUID?
    var place: Place?
    var verdict: Verdict?
    var letter: DeadLetter?
    /// The request resource as Redis keeps it.
    var result: [UInt8]?
    /// Why PostgreSQL could not be asked.
    var postgresFault: String?
    /// Settled mutations of its lane in one second.
    var drainRate: Double?
    let now: Timestamp
    let retentionDays: Int

    init(_ id: UUID, now: Timestamp, retentionDays: Int) {
        self.id = id
        self.now = now
        self.retentionDays = retentionDays
    }

    var submittedAt: Timestamp? { id.version == 7 ? Timestamp(milliseconds: id.milliseconds) : nil }

    /// The state as clients see it (API.md §5), `expired` or `unknown`.
    var state: String {
        // What waits behind a parked mutation was not tried yet.
        if let place { return place.parked != nil && place.ahead == 0 ? "retrying" : "queued" }
        if let letter, letter.state.isWaiting || verdict?.status == 500 {
            return "dead_lettered"
        }
        if let verdict {
            return verdict.code == nil ? "succeeded" : verdict.status == 500 ? "dead_lettered" : "failed"
        }
        if result != nil { return resultStatus ?? "unknown" }
        guard let submittedAt else { return "unknown" }
        let age = now.micros - submittedAt.micros
        if age > Int64(retentionDays) * 86_400_000_000 { return "expired" }
        return postgresFault == nil && age > -60_000_000 ? "unaccounted" : "unknown"
    }

    private var resultStatus: String? {
        guard let result else { return nil }
        let read = try? JSONReader(depthMax: 32).read(result.span) { (document) throws(Never) in
            document.bytes("status", of: document.root)
        }.get()
        // `try?`: a result that is no JSON is shown by fsck.
        return (read ?? nil).map { Readable.printable(String(decoding: $0, as: UTF8.self)) }
    }
}
