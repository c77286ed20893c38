import Shared

extension Command {
    static let lane = Command(
        "lane", operands: "N", count: 1...1,
        summary: "one lane in full: owner, counters, parked users, oldest entry"
    ) { session throws(CommandFailure) in
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
        let output = session.output
        func line(_ name: String, _ value: String) {
            output.line(output.styled(name + String(repeating: " ", count: 12 - name.count), .dim) + value)
        }
        line("lane", "\(lane)")
        line("lag", reading.depth == 0 ? "nothing waits" : Readable.age(seconds: reading.lagSeconds(now)))
        line("depth", Readable.count(reading.depth))
        let lease = Readable.age(seconds: Double(reading.leaseMilliseconds) / 1000)
        line("owner", reading.worker.map { "\($0), lease for another \(lease)" } ?? "nobody")
        line("crashes", "\(reading.crashes) since the last settle")
        if let pause = reading.pause {
            line("paused", "by \(pause.actor)\(pause.since.map { " at \($0)" } ?? ""): \(pause.why)")
        }
        let count = reading.count
        line(
            "counters",
            "accepted \(Readable.count(count.accepted)) = succeeded \(Readable.count(count.succeeded)) + failed "
                + "\(Readable.count(count.failed)) + dead \(Readable.count(count.dead)) + waiting "
                + "\(Readable.count(reading.waiting))"
                + (reading.leftOver == 0 ? "" : " + left over \(reading.leftOver)"))
        guard !reading.parked.isEmpty else { return }
        output.line()
        ParkedTable.table(lanes: [reading], now: now).print(to: output)
    }
}
