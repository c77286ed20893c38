import Shared

extension Command {
    static let lanes = Command(
        "lanes", summary: "every lane: lag, depth, owner, lease, what is wrong with it",
        options: [
            Option("sort", value: "BY", "lag (default), depth, parked or lane"),
            Option("all", letter: "a", "also lanes where nothing is to be seen"),
        ]
    ) { session throws(CommandFailure) in
        let order = session.arguments.value("sort") ?? "lag"
        guard ["lag", "depth", "parked", "lane"].contains(order) else {
            throw .usage("lanes are sorted by lag, depth, parked or lane, not by \"\(order)\"")
        }
        let lanes = try session.lanes()
        let now = Lanes.now
        var readings = try lanes.readings()
        switch order {
        case "lag": readings.sort { ($0.lagSeconds(now), $0.waiting) > ($1.lagSeconds(now), $1.waiting) }
        case "depth": readings.sort { $0.depth > $1.depth }
        case "parked": readings.sort { $0.parkedDepth > $1.parkedDepth }
        default: break
        }
        guard !session.wantsJSON else {
            for reading in readings { session.output.object { json in reading.encode(to: &json, now: now) } }
            return
        }
        let shown = session.arguments.has("all") ? readings : readings.filter(\.isNoteworthy)
        var table = Table([
            .text("LANE"), .number("LAG"), .number("DEPTH"), .number("PARKED"), .text("OWNER"),
            .number("LEASE"),
            .text("STATE"),
        ])
        for reading in shown { table.add(reading.cells(now)) }
        if !shown.isEmpty { table.print(to: session.output) }
        let hidden = readings.count - shown.count
        if hidden > 0 {
            let text =
                "\(Readable.several(hidden, "lane")) empty, owned and well (--all shows \(hidden == 1 ? "it" : "them"))"
            session.output.line(session.output.styled(text, .dim))
        }
    }
}

extension LaneReading {
    /// Whether an operator should see it without asking for all.
    var isNoteworthy: Bool { waiting > 0 || owner == nil || crashes > 0 || pause != nil || leftOver != 0 }

    /// What is wrong, shortest form first; empty when nothing is.
    var state: String {
        var parts: [String] = []
        if let pause { parts.append("paused by \(pause.actor): \(pause.why)") }
        if owner == nil { parts.append(waiting > 0 ? "nobody owns it" : "unowned") }
        if crashes > 0 { parts.append(crashes == 1 ? "1 crash" : "\(crashes) crashes") }
        if leftOver > 0 { parts.append("\(leftOver) unaccounted") }
        return parts.joined(separator: "; ")
    }

    func cells(_ now: Timestamp) -> [Table.Cell] {
        let lag = lagSeconds(now)
        return [
            "\(lane)",
            Table.Cell(
                depth == 0 ? "–" : Readable.age(seconds: lag), lag > 30 ? .alarm : lag > 5 ? .yellow : nil),
            Table.Cell(Readable.count(depth)),
            Table.Cell(parked.isEmpty ? "–" : "\(Readable.count(parkedDepth)) (\(parked.count))"),
            Table.Cell(worker ?? "–", owner == nil && waiting > 0 ? .alarm : nil),
            Table.Cell(owner == nil ? "–" : Readable.age(seconds: Double(leaseMilliseconds) / 1000)),
            Table.Cell(state, .yellow),
        ]
    }

    func encode(to json: inout JSONWriter, now: Timestamp) {
        json.member("lane", lane.index)
        json.member("lag_seconds", lagSeconds(now))
        json.member("depth", depth)
        json.member("parked_users", parked.count)
        json.member("parked_depth", parkedDepth)
        json.member("owner", worker)
        json.member("lease_seconds", Double(leaseMilliseconds) / 1000)
        json.member("crashes", crashes)
        json.member("paused", pause != nil)
        if let pause {
            json.member("paused_by", pause.actor)
            json.member("paused_why", pause.why)
            json.member("paused_at", pause.since)
        }
        json.member("accepted", Int(count.accepted))
        json.member("succeeded", Int(count.succeeded))
        json.member("failed", Int(count.failed))
        json.member("dead", Int(count.dead))
        json.member("left_over", Int(leftOver))
    }
}
