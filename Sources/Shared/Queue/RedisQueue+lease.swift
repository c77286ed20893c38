/// Leases, notes of lone tries, the registry and the settings.
extension RedisQueue {
    package func acquire(
        _ lanes: [Lane], as token: LeaseToken, for duration: Duration
    ) async throws(QueueError) -> [Acquisition] {
        let replies = try pipeline(lanes.count) { connection, place in
            let keys = self.keys(lanes[place])
            connection.appendRun(
                LaneScript.acquire,
                keys: [
                    .bytes(keys.owner), .bytes(keys.holder), .bytes(keys.crashes), .bytes(keys.queue),
                    .bytes(keys.due),
                ], [.bytes(token.bytes), .number(duration.milliseconds)])
        }
        var all: [Acquisition] = []
        for reply in replies { all.append(try Acquisition(reply)) }
        return all
    }

    package func renew(_ leases: [Lease], for duration: Duration) async throws(QueueError) -> [Bool] {
        try pipeline(leases.count) { connection, place in
            connection.appendRun(
                LaneScript.renew, keys: [.bytes(self.keys(leases[place].lane).owner)],
                [.bytes(leases[place].token.bytes), .number(duration.milliseconds)])
        }.map { $0.integer == 1 }
    }

    package func release(_ leases: [Lease]) async throws(QueueError) {
        _ = try pipeline(leases.count) { connection, place in
            let keys = self.keys(leases[place].lane)
            connection.appendRun(
                LaneScript.release, keys: [.bytes(keys.owner), .bytes(keys.holder)],
                [.bytes(leases[place].token.bytes)])
        }
    }

    package func beginAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) -> Int? {
        let keys = keys(lease.lane)
        let reply = try pipeline(1) { connection, _ in
            connection.appendRun(
                LaneScript.beginAlone, keys: [.bytes(keys.owner), .bytes(keys.alone)],
                [.bytes(lease.token.bytes), .bytes(entry.text)])
        }
        guard let tries = reply[0].integer else { throw .unexpectedReply }
        return tries == 0 ? nil : Int(tries)
    }

    package func withdrawAlone(_ entry: UUID, in lease: Lease) async throws(QueueError) {
        let keys = keys(lease.lane)
        _ = try pipeline(1) { connection, _ in
            connection.appendRun(LaneScript.withdrawAlone, keys: [.bytes(keys.alone)], [.bytes(entry.text)])
        }
    }

    package func heartbeat(
        _ worker: WorkerID, info: [UInt8], forgetAfter: Duration
    ) async throws(QueueError) -> [WorkerSign] {
        let reply = try pipeline(1) { connection, _ in
            connection.appendRun(
                LaneScript.heartbeat, keys: [.bytes(LaneKeys.workers)],
                [.bytes(worker.bytes), .bytes(info), .number(forgetAfter.milliseconds)])
        }
        let fields = reply[0].elements
        var signs: [WorkerSign] = []
        for place in stride(from: 0, to: fields.count - 2, by: 3) {
            guard let name = fields[place].bytes, let age = fields[place + 1].integer else {
                throw .unexpectedReply
            }
            signs.append(
                WorkerSign(
                    worker: WorkerID(bytes: name), age: .milliseconds(age),
                    info: fields[place + 2].bytes ?? []))
        }
        return signs
    }

    package func leave(_ worker: WorkerID) async throws(QueueError) {
        _ = try pipeline(1) { connection, _ in
            connection.append(["HDEL", .bytes(LaneKeys.workers), .bytes(worker.bytes)])
        }
    }

    package func settings() async throws(QueueError) -> [String: [UInt8]] {
        let reply = try pipeline(1) { connection, _ in connection.append(["HGETALL", .bytes(LaneKeys.meta)]) }
        let fields = reply[0].elements
        var settings: [String: [UInt8]] = [:]
        for place in stride(from: 0, to: fields.count - 1, by: 2) {
            settings[fields[place].text ?? ""] = fields[place + 1].bytes
        }
        return settings
    }

    package func restore(settings: [String: [UInt8]]) async throws(QueueError) {
        let fields = settings.sorted { $0.key < $1.key }
        _ = try pipeline(fields.count) { connection, place in
            connection.append(
                ["HSETNX", .bytes(LaneKeys.meta), .text(fields[place].key), .bytes(fields[place].value)])
        }
    }
}

extension Acquisition {
    fileprivate init(_ reply: RedisReply) throws(QueueError) {
        guard reply.count >= 2 else { throw .unexpectedReply }
        if reply[0].text == "held", let token = reply[1].bytes {
            self = .held(by: LeaseToken(bytes: token))
        } else if reply[0].text == "acquired", reply.count == 3, let crashes = reply[2].integer {
            self = .acquired(clean: reply[1].integer == 1, crashes: Int(crashes))
        } else {
            throw .unexpectedReply
        }
    }
}
