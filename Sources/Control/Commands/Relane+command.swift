import Shared

extension Command {
    static let relane = Command(
        "relane", operands: "N", count: 1...1,
        summary: "changes the number of lanes; offline, with empty lanes",
        details: """
            A user's lane follows from the number of lanes, so nothing may be queued and nobody may run meanwhile:
            stop ingest, tasklane drain, stop the workers, tasklane relane N, set TASKLANE_LANES=N, start all again.
            Idempotency keys are forgotten; results of the last minutes come from PostgreSQL.
            """
    ) { session throws(CommandFailure) in
        let wanted = try Arguments.number(session.arguments.operands[0], called: "N", in: 1...16384)
        var configuration = try session.configuration()
        let postgres = try session.postgres(configuration)
        let settings: Settings
        do throws(SchemaError) { settings = try Settings.read(postgres) } catch {
            throw CommandFailure(error)
        }
        configuration.lanes = settings.lanes
        let redis = try session.redis(configuration)
        let lanes = try Lanes(redis, configuration: configuration)
        try session.refuseIfBusy(lanes)
        guard wanted != settings.lanes else {
            return session.reportRelane(from: settings.lanes, to: wanted)
        }
        try Audit.write(postgres, "relane") { json in
            json.member("from", settings.lanes)
            json.member("to", wanted)
        }
        try postgres.ask("UPDATE settings SET value = $1 WHERE name = 'lanes'", [.text("\(wanted)")])
        _ = try lanes.ask("HSET", .bytes(LaneKeys.meta), "lanes", .number(wanted))
        try session.moveCounters(lanes, to: wanted)
        session.reportRelane(from: settings.lanes, to: wanted)
    }
}

extension Session {
    fileprivate func refuseIfBusy(_ lanes: Lanes) throws(CommandFailure) {
        let readings = try lanes.readings()
        let totals = Totals(readings, at: Lanes.now)
        guard totals.waiting == 0 else {
            throw .failed(
                "\(Readable.several(totals.waiting, "mutation")) wait: stop ingest and run tasklane drain first"
            )
        }
        let live = try lanes.workers(readings).filter { !$0.isSilent }
        guard live.isEmpty, totals.ownedLanes == 0 else {
            throw .failed("workers run: stop them first (systemctl stop 'tasklane-worker@*')")
        }
    }

    /// Adds the counters up in the new lanes' first, so that the conservation law goes on to hold, and removes what old
    /// lanes leave behind. Results and idempotency keys end by themselves.
    fileprivate func moveCounters(_ lanes: Lanes, to wanted: Int) throws(CommandFailure) {
        let readings = try lanes.readings()
        var gone = LaneCount()
        for reading in readings where reading.lane.index >= wanted {
            gone += reading.count
            let keys = lanes.keys[reading.lane.index]
            let names = [keys.count, keys.crashes, keys.paused, keys.holder, keys.alone].map {
                RedisArgument.bytes($0)
            }
            _ = try lanes.askAll([["DEL"] + names])
        }
        let fields: [(RedisArgument, Int64)] = [
            ("accepted", gone.accepted), ("succeeded", gone.succeeded), ("failed", gone.failed),
            ("dead", gone.dead),
        ]
        let target = LaneKeys(Lane(0)).count
        _ = try lanes.askAll(
            fields.filter { $0.1 != 0 }.map { ["HINCRBY", .bytes(target), $0.0, .number($0.1)] })
    }

    fileprivate func reportRelane(from: Int, to wanted: Int) {
        if wantsJSON {
            output.object { json in
                json.member("from", from)
                json.member("lanes", wanted)
            }
        } else {
            output.line(
                from == wanted
                    ? "there are \(wanted) lanes already"
                    : "\(from) lanes became \(wanted): set TASKLANE_LANES=\(wanted), then start the workers and ingest"
            )
        }
    }
}
