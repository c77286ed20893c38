import Shared

/// A worker process as its heartbeat in `tl:workers` tells, and as the leases show.
struct WorkerReading {
    let id: String
    /// Since the last heartbeat, by Redis's clock.
    let ageSeconds: Double
    /// What it said of itself, in its own words: JSON.
    let text: [UInt8]
    /// The same as far as this version understands it; nil for what is no JSON object.
    let info: WorkerInfo?
    var lanes = 0

    /// Silent for longer than a lease lasts: its lanes are somebody else's.
    var isSilent: Bool { ageSeconds > 10 }

    /// It lives and does not reach PostgreSQL: its lanes go to those that do.
    var isCutOff: Bool { !isSilent && info?.cutOffSince != nil }
}

extension Lanes {
    /// Every registered worker, with the lanes that its leases hold among `readings`.
    func workers(_ readings: [LaneReading]) throws(CommandFailure) -> [WorkerReading] {
        let replies = try askAll([["TIME"], ["HGETALL", .bytes(LaneKeys.workers)]])
        let now = Int64(replies[0][0].text ?? "").map { $0 * 1000 } ?? 0
        let fields = replies[1].elements
        var held: [String: Int] = [:]
        for reading in readings {
            if let owner = reading.owner { held[owner.worker.description, default: 0] += 1 }
        }
        let reader = JSONReader(depthMax: 32)
        return stride(from: 0, to: fields.count - 1, by: 2).map { place in
            let id = fields[place].text ?? ""
            let value = fields[place + 1].bytes ?? []
            let colon = value.firstIndex(of: UInt8(ascii: ":")) ?? value.endIndex
            let at = Int64(String(decoding: value[..<colon], as: UTF8.self)) ?? 0
            let text = Array(value[colon...].dropFirst())
            return WorkerReading(
                id: id, ageSeconds: max(0, Double(now - at) / 1000), text: text,
                info: WorkerInfo(text, reader: reader), lanes: held[id] ?? 0)
        }.sorted { $0.id < $1.id }
    }
}
