import Shared

extension Command {
    static let parked = Command(
        "parked", summary: "users whose mutations wait for a retry, and why"
    ) { session throws(CommandFailure) in
        let lanes = try session.lanes()
        let readings = try lanes.readings().filter { !$0.parked.isEmpty }
        if session.wantsJSON {
            for reading in readings {
                for parked in reading.parked {
                    session.output.object { json in parked.encode(to: &json, lane: reading.lane) }
                }
            }
        } else if readings.isEmpty {
            session.output.line("nobody is parked")
        } else {
            ParkedTable.table(lanes: readings, now: Lanes.now).print(to: session.output)
        }
    }

    static let parkedRetry = Command(
        "parked retry", operands: "USER", count: 1...1, summary: "makes a parked user's next try due now",
        details: "The lane's owner sees it within a second. Attempts so far stay counted."
    ) { session throws(CommandFailure) in
        guard let user = UserID(session.arguments.operands[0]) else {
            throw .usage("\"\(session.arguments.operands[0])\" is no user id")
        }
        let lanes = try session.lanes()
        let lane = lanes.lane(of: user)
        let due = lanes.keys[lane.index].due
        guard !(try lanes.ask("ZSCORE", .bytes(due), .bytes(user.bytes)).isNull) else {
            throw .failed("\(user) is not parked: tasklane parked lists who is")
        }
        session.auditIfPossible(lanes.configuration, "parked.retry") { json in
            json.member("user_id", user.description)
        }
        // XX: whoever was applied since the look above stays out of the set.
        _ = try lanes.ask("ZADD", .bytes(due), "XX", .number(Lanes.now.micros / 1000), .bytes(user.bytes))
        if session.wantsJSON {
            session.output.object { json in
                json.member("user_id", user.description)
                json.member("lane", lane.index)
            }
        } else {
            session.output.line("\(user) in lane \(lane) is due now")
        }
    }
}

/// Parked users as a table.
enum ParkedTable {
    static func table(lanes: [LaneReading], now: Timestamp) -> Table {
        var table = Table([
            .text("USER"), .text("LANE"), .number("WAITING"), .number("TRIES"), .number("NEXT TRY"),
            .text("BEHIND"), .text("LAST ERROR"),
        ])
        let reader = JSONReader(depthMax: 32)
        for reading in lanes {
            for parked in reading.parked.sorted(by: { $0.due < $1.due }) {
                let record = AttemptRecord(parked.attempts, reader: reader)
                let wait = Double(parked.due.micros - now.micros) / 1e6
                let head = parked.head.map { Entry($0, reader: reader) }
                table.add([
                    Table.Cell(Readable.printable(String(decoding: parked.user, as: UTF8.self))),
                    "\(reading.lane)", Table.Cell(Readable.count(parked.depth)), "\(record.attempts.count)",
                    Table.Cell(wait <= 0 ? "now" : "in " + Readable.age(seconds: wait)),
                    Table.Cell(head.map { "\($0.operation) \($0.id)" } ?? "–"),
                    Table.Cell(record.lastError ?? "–", .yellow),
                ])
            }
        }
        return table
    }
}

extension LaneReading.Parked {
    func encode(to json: inout JSONWriter, lane: Lane) {
        let reader = JSONReader(depthMax: 32)
        let record = AttemptRecord(attempts, reader: reader)
        json.member("user_id", String(decoding: user, as: UTF8.self))
        json.member("lane", lane.index)
        json.member("depth", depth)
        json.member("next_attempt_at", due)
        json.member("attempts", record.attempts.count)
        json.member("last_error", record.lastError)
        json.key("behind")
        if let head { json.uuid(Entry(head, reader: reader).id) } else { json.null() }
    }
}
