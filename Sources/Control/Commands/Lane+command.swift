import Shared

extension Command {
    static let lane = Command(
        "lane", operands: "N", count: 1...1,
        summary: "one lane in full: owner, counters, parked users, oldest entry"
    ) { session throws(CommandFailure) in
        _ = try Arguments.lane(session.arguments.operands[0])
        let lanes = try session.lanes()
        let lane = try lanes.lane(session.arguments.operands[0])
        let reading = try lanes.readings(of: [lane])[0]
        let now = Lanes.now
        if session.wantsJSON {
            session.output.object { json in
                reading.encode(to: &json, now: now)
                json.member("oldest_at", reading.oldest)
                json.key("parked")
                json.beginArray()
                for parked in reading.parked {
                    json.beginObject()
                    parked.encode(to: &json, lane: lane)
                    json.endObject()
                }
                json.endArray()
            }
            return
        }
        for line in reading.lines(session.output, now: now) { session.output.line(line) }
    }
}

extension LaneReading {
    /// Everything of one lane, for `lane` and `top`.
    func lines(_ output: Output, now: Timestamp) -> [String] {
        func line(_ name: String, _ value: String) -> String {
            output.styled(name + String(repeating: " ", count: 12 - name.count), .dim) + value
        }
        let lease = Readable.age(seconds: Double(leaseMilliseconds) / 1000)
        var lines = [
            line("lane", "\(lane)"),
            line("lag", depth == 0 ? "nothing waits" : Readable.age(seconds: lagSeconds(now))),
            line("depth", Readable.count(depth)),
            line("owner", worker.map { "\($0), lease for another \(lease)" } ?? "nobody"),
            line("crashes", "\(crashes) since the last settle"),
        ]
        if let pause {
            lines.append(
                line("paused", "by \(pause.actor)\(pause.since.map { " at \($0)" } ?? ""): \(pause.why)"))
        }
        lines.append(
            line(
                "counters",
                "accepted \(Readable.count(count.accepted)) = succeeded \(Readable.count(count.succeeded)) + failed "
                    + "\(Readable.count(count.failed)) + dead \(Readable.count(count.dead)) + waiting "
                    + "\(Readable.count(waiting))" + (leftOver == 0 ? "" : " + left over \(leftOver)")))
        if !parked.isEmpty { lines += [""] + ParkedTable.table(lanes: [self], now: now).lines(output) }
        return lines
    }
}
