import Shared

/// All lanes added up: what `status`, `top` and `drain` are about.
struct Totals {
    let at: Timestamp
    var lagSeconds = 0.0
    var lagLane: Lane?
    var depth = 0
    var parkedUsers = 0
    var parkedDepth = 0
    var busyLanes = 0
    var ownedLanes = 0
    var pausedLanes = 0
    var crashedLanes = 0
    var count = LaneCount()
    /// What lanes have lost, those that have more than they should left out of the sum.
    var unaccounted: Int64 = 0

    init(_ readings: [LaneReading], at now: Timestamp) {
        at = now
        for reading in readings {
            let lag = reading.lagSeconds(now)
            if lag > lagSeconds {
                lagSeconds = lag
                lagLane = reading.lane
            }
            depth += reading.depth
            parkedUsers += reading.parked.count
            parkedDepth += reading.parkedDepth
            busyLanes += reading.waiting > 0 ? 1 : 0
            ownedLanes += reading.owner == nil ? 0 : 1
            pausedLanes += reading.pause == nil ? 0 : 1
            crashedLanes += reading.crashes > 0 ? 1 : 0
            count += reading.count
            unaccounted += max(0, reading.leftOver)
        }
    }

    var waiting: Int { depth + parkedDepth }

    /// What the conservation law leaves over; while pushes and settles run it may be off by those under way.
    var leftOver: Int64 { count.leftOver(queued: Int64(waiting)) }

    /// Mutations a second between `earlier` and this.
    func rates(since earlier: Totals) -> (accepted: Double, settled: Double) {
        let seconds = Double(at.micros - earlier.at.micros) / 1e6
        guard seconds > 0 else { return (0, 0) }
        return (
            max(0, Double(count.accepted - earlier.count.accepted) / seconds),
            max(0, Double(count.settled - earlier.count.settled) / seconds)
        )
    }
}
