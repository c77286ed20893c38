internal import CSystem
import Shared

/// Checks lanes one after the other and gathers what is odd.
struct LaneCheck {
    let lanes: Lanes
    let repairs: Bool
    private(set) var oddities: [Oddity] = []
    private(set) var totals = LaneCount()
    private(set) var waiting = 0
    private(set) var leftOver: Int64 = 0
    /// Entries that were read.
    private(set) var entries = 0

    init(lanes: Lanes, repairs: Bool) {
        self.lanes = lanes
        self.repairs = repairs
    }

    mutating func run(_ lane: Lane) throws(CommandFailure) {
        let reading = try settled(lane)
        totals += reading.count
        waiting += reading.waiting
        leftOver += reading.leftOver
        try checkLaw(reading)
        try checkEntries(reading)
        try checkParked(reading)
    }

    /// A push is counted right behind the RPUSH, not with it: a busy lane is read again until the law holds, a while.
    /// What is under way only ever takes from what is left over, so the reading with the most of it is the true one.
    private func settled(_ lane: Lane) throws(CommandFailure) -> LaneReading {
        var truest = try lanes.readings(of: [lane])[0]
        for _ in 0..<40 where truest.leftOver != 0 {
            usleep(25_000)
            let reading = try lanes.readings(of: [lane])[0]
            if reading.leftOver == 0 || reading.leftOver > truest.leftOver { truest = reading }
        }
        return truest
    }

    private mutating func checkLaw(_ reading: LaneReading) throws(CommandFailure) {
        let left = reading.leftOver
        guard left != 0 else { return }
        if left > 0 {
            add(
                "lane \(reading.lane)",
                "\(Readable.several(Int(left), "accepted mutation")) nowhere to be found: Redis lost data (a restart without AOF?)",
                "their requests answer unaccounted; restore Redis from its last AOF, or accept the loss: --repair"
            )
        } else {
            add(
                "lane \(reading.lane)",
                "\(Readable.several(Int(-left), "mutation")) more than were counted as accepted",
                "an ingest died between push and count, or somebody pushed by hand: --repair counts them")
        }
        guard repairs else { return }
        // The counters alone are touched: what is queued stays.
        _ = try lanes.ask(
            "HINCRBY", .bytes(lanes.keys[reading.lane.index].count), "accepted", .number(-left))
        noteRepair()
    }

    private mutating func checkEntries(_ reading: LaneReading) throws(CommandFailure) {
        let lane = reading.lane
        var found: [Oddity] = []
        var read = 0
        let count = lanes.count
        try lanes.scan(lanes.keys[lane.index].queue, isParked: false) { queued throws(CommandFailure) in
            read += 1
            let place = "lane \(lane), position \(queued.position)"
            if let mutation = queued.entry.mutation {
                let home = Lane(of: mutation.user, lanes: count)
                if home != lane {
                    found.append(
                        Oddity(
                            place: place,
                            text: "\(queued.entry.id) of \(mutation.user) belongs to lane \(home)",
                            remedy: "was the number of lanes changed by hand? drain, then tasklane relane",
                            isWrong: true))
                }
            } else {
                found.append(
                    Oddity(
                        place: place, text: "an entry that nobody can read",
                        remedy:
                            "its owner makes a dead letter of it: tasklane dead list --reason undecodable",
                        isWrong: false))
            }
            return found.count < 100
        }
        entries += read
        oddities += found
    }

    /// Every parked user is due some time and has a list; every list has a user who is due.
    private mutating func checkParked(_ reading: LaneReading) throws(CommandFailure) {
        let keys = lanes.keys[reading.lane.index]
        for parked in reading.parked where parked.depth == 0 {
            // The list was read after the time: settled to the end between the two, it is odd no more.
            guard try isDueForNothing(parked.user, keys) else { continue }
            let user = Readable.printable(String(decoding: parked.user, as: UTF8.self))
            add(
                "lane \(reading.lane)", "\(user) is due for a retry and has nothing parked",
                "--repair takes the user out", isWrong: true)
            try mend(parked.user, keys)
        }
    }

    private func isDueForNothing(_ user: [UInt8], _ keys: LaneKeys) throws(CommandFailure) -> Bool {
        let replies = try lanes.askAll([
            ["MULTI"], ["ZSCORE", .bytes(keys.due), .bytes(user)],
            ["EXISTS", .bytes(keys.parkedPrefix + user)], ["EXEC"],
        ])
        return !replies[3][0].isNull && replies[3][1].integer == 0
    }

    mutating func add(_ place: String, _ text: String, _ remedy: String, isWrong: Bool = true) {
        oddities.append(Oddity(place: place, text: text, remedy: remedy, isWrong: isWrong))
    }

    /// Marks the newest oddity.
    mutating func noteRepair() { oddities[oddities.count - 1].isRepaired = true }
}
