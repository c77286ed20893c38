internal import CSystem
import Shared

/// Looks for one request everywhere it can be. Reads only; without a user it has to look into every lane.
struct RequestSearch {
    let lanes: Lanes
    /// Nil where PostgreSQL does not answer.
    let postgres: PostgresConnection?

    func trace(_ id: UUID, user: UserID?, postgresFault: String?) throws(CommandFailure) -> RequestTrace {
        var trace = RequestTrace(id, now: Lanes.now, retentionDays: lanes.configuration.retentionDays)
        trace.postgresFault = postgresFault
        trace.user = user?.description
        try readPostgres(&trace)
        let known = trace.user.flatMap { UserID($0) }
        let candidates = known.map { [lanes.lane(of: $0)] } ?? lanes.keys.indices.map { Lane($0) }
        trace.lane = known.map { lanes.lane(of: $0) }
        try readResult(&trace, candidates)
        try readLanes(&trace, candidates)
        return trace
    }

    private func readPostgres(_ trace: inout RequestTrace) throws(CommandFailure) {
        guard let postgres else { return }
        trace.letter = try DeadLetters(postgres, lanes: lanes.count).found(trace.id)
        let rows = try postgres.ask(
            """
            SELECT user_id, operation, status, code, task_id, version, redrive, finished_at
            FROM requests WHERE request_id = $1
            """, [.uuid(trace.id)])
        if let row = rows.first {
            trace.user = row.text(0)
            trace.operation = UInt8(exactly: row.int(1)).flatMap { Mutation.Operation(rawValue: $0) }
                .map { "\($0.qualifiedName)" }
            trace.task = row.uuid(4)
            trace.verdict = RequestTrace.Verdict(
                status: row.int(2), code: row.optionalText(3), finishedAt: row.timestamp(7),
                redrive: row.int(6),
                version: row.optionalInt(5))
        } else if let letter = trace.letter {
            trace.user = trace.user ?? letter.user?.description
            trace.operation = letter.operation.map { "\($0.qualifiedName)" }
            trace.task = letter.task
        }
    }

    private func readResult(_ trace: inout RequestTrace, _ candidates: [Lane]) throws(CommandFailure) {
        let id = trace.id
        let replies = try lanes.askAll(candidates.map { lanes.keys[$0.index].readResult(id) })
        guard let found = replies.firstIndex(where: { !$0.isNull }) else { return }
        trace.result = replies[found].bytes
        trace.lane = candidates[found]
    }

    private func readLanes(_ trace: inout RequestTrace, _ candidates: [Lane]) throws(CommandFailure) {
        for reading in try lanes.readings(of: candidates) where reading.waiting > 0 {
            guard let place = try find(trace.id, in: reading) else { continue }
            trace.place = place
            trace.lane = reading.lane
            if let mutation = place.queued.entry.mutation {
                trace.user = mutation.user.description
                trace.task = mutation.task
                trace.operation = "\(mutation.change.operation.qualifiedName)"
            }
            let before = reading.count.settled
            usleep(250_000)
            let after = try lanes.readings(of: [reading.lane])[0].count.settled
            trace.drainRate = Double(after - before) * 4
            return
        }
    }

    private func find(_ id: UUID, in reading: LaneReading) throws(CommandFailure) -> RequestTrace.Place? {
        let keys = lanes.keys[reading.lane.index]
        for parked in reading.parked {
            if let found = try find(id, in: keys.parkedPrefix + parked.user, reading, parked) { return found }
        }
        return try find(id, in: keys.queue, reading, nil)
    }

    private func find(
        _ id: UUID, in list: [UInt8], _ reading: LaneReading, _ parked: LaneReading.Parked?
    ) throws(CommandFailure) -> RequestTrace.Place? {
        var ahead: [[UInt8]: Int] = [:]
        var found: QueuedEntry?
        try lanes.scan(list, isParked: parked != nil) { queued in
            if queued.entry.id == id {
                found = queued
                return false
            }
            ahead[queued.entry.mutation?.user.bytes ?? [], default: 0] += 1
            return true
        }
        return found.map {
            RequestTrace.Place(
                lane: reading, queued: $0, ahead: $0.position - 1,
                aheadOfSameUser: $0.entry.mutation.flatMap { ahead[$0.user.bytes] } ?? 0, parked: parked)
        }
    }
}
