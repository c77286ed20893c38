import Shared

extension Command {
    static let peek = Command(
        "peek", operands: "LANE", count: 0...1,
        summary: "queued mutations, oldest first, without taking them",
        details:
            "With --user the lane may be left out; the user's parked mutations come first, as they will be applied.",
        options: [
            Option("user", letter: "u", value: "USER", "only this user's"),
            Option("count", letter: "n", value: "N", "at most N (20)"),
        ]
    ) { session throws(CommandFailure) in
        let limit = try session.arguments.number("count", in: 1...1_000_000) ?? 20
        let user = try session.arguments.user()
        let operand = session.arguments.operands.first
        if let operand { _ = try Arguments.lane(operand) }
        guard operand != nil || user != nil else { throw .usage("peek needs a lane or --user") }
        let lanes = try session.lanes()
        let lane =
            if let operand { try lanes.lane(operand) } else if let user { lanes.lane(of: user) } else {
                Lane(0)
            }
        var found: [QueuedEntry] = []
        if let user {
            let list = lanes.keys[lane.index].parked(user)
            try lanes.scan(list, isParked: true) { entry in
                found.append(entry)
                return found.count < limit
            }
        }
        if found.count < limit {
            try lanes.scan(lanes.keys[lane.index].queue, isParked: false) { entry in
                if user == nil || entry.entry.mutation?.user == user { found.append(entry) }
                return found.count < limit
            }
        }
        let now = Lanes.now
        if session.wantsJSON {
            for entry in found { session.output.object { json in entry.encode(to: &json, now: now) } }
        } else if found.isEmpty {
            session.output.line("nothing waits in lane \(lane)" + (user.map { " for \($0)" } ?? ""))
        } else {
            QueuedEntry.table(found, now: now).print(to: session.output)
        }
    }
}

/// An entry at its place in a lane or among a parked user's.
struct QueuedEntry {
    let entry: Entry
    /// From 1, the head.
    let position: Int
    let isParked: Bool

    func encode(to json: inout JSONWriter, now: Timestamp) {
        json.member("position", position)
        json.member("state", isParked ? "parked" : "queued")
        json.member("request_id", entry.id)
        json.member("operation", entry.mutation.map { "\($0.change.operation.qualifiedName)" })
        guard let mutation = entry.mutation else {
            json.member("entry", String(decoding: entry.bytes, as: UTF8.self))
            return
        }
        json.member("user_id", mutation.user.description)
        json.member("task_id", mutation.task)
        json.member("accepted_at", mutation.acceptedAt)
        json.member("age_seconds", Double(now.micros - mutation.acceptedAt.micros) / 1e6)
        json.member("redrive", Int(mutation.redrive))
        json.key("entry")
        json.json(entry.bytes)
    }

    static func table(_ entries: [QueuedEntry], now: Timestamp) -> Table {
        var table = Table([
            .number("POS"), .number("AGE"), .text("REQUEST"), .text("USER"), .text("OP"), .text("TASK"),
            .text("CHANGE"),
        ])
        for queued in entries {
            let mutation = queued.entry.mutation
            let age = mutation.map { Readable.age(seconds: Double(now.micros - $0.acceptedAt.micros) / 1e6) }
            table.add([
                Table.Cell(
                    "\(queued.isParked ? "p" : "")\(queued.position)", queued.isParked ? .yellow : nil),
                Table.Cell(age ?? "–"), "\(queued.entry.id)",
                Table.Cell(mutation.map { "\($0.user)" } ?? "–"),
                Table.Cell(queued.entry.operation, mutation == nil ? .alarm : nil),
                Table.Cell(mutation.map { "\($0.task)" } ?? "–"), Table.Cell(queued.entry.gist),
            ])
        }
        return table
    }
}

extension Lanes {
    /// Reads a list from its head, a thousand entries at a time, until `body` answers false.
    func scan(
        _ list: [UInt8], isParked: Bool, _ body: (QueuedEntry) throws(CommandFailure) -> Bool
    ) throws(CommandFailure) {
        let reader = JSONReader(depthMax: 32)
        var position = 0
        while true {
            let chunk = try ask("LRANGE", .bytes(list), .number(position), .number(position + 999)).elements
            for reply in chunk {
                position += 1
                let entry = Entry(reply.bytes ?? [], reader: reader)
                guard try body(QueuedEntry(entry: entry, position: position, isParked: isParked)) else {
                    return
                }
            }
            if chunk.count < 1000 { return }
        }
    }
}
