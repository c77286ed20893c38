import Shared

extension Command {
    static let migrate = Command(
        "migrate", summary: "brings the database to this build's schema; makes and drops days of the inbox",
        details: """
            Safe to run again, and at the same time elsewhere. The first run records the number of lanes and makes
            the key of request ids. Also makes the tables of the coming days, and drops those past the retention.
            """,
        options: [Option("status", "only tell which steps are done")]
    ) { session throws(CommandFailure) in
        let configuration = try session.configuration()
        let postgres = try session.postgres(configuration)
        let migrator = Migrator(postgres, lanes: configuration.lanes)
        if session.arguments.has("status") { return try session.printMigrations(migrator, postgres) }
        var done: [String] = []
        func note(_ text: String) {
            done.append(text)
            if !session.wantsJSON { session.output.line(text) }
        }
        do throws(SchemaError) { try migrator.migrate(note) } catch { throw CommandFailure(error) }
        let copied = try session.copySettings(configuration, postgres, note)
        try session.turnDays(configuration, postgres, lanes: copied, note)
        if session.wantsJSON {
            session.output.object { json in
                json.member("schema_version", Migration.latest)
                json.key("done")
                json.beginArray()
                for text in done { json.string(text) }
                json.endArray()
            }
        }
    }
}

extension CommandFailure {
    init(_ error: SchemaError) {
        if case .database(let cause) = error {
            self = CommandFailure(cause)
        } else {
            self = .failed("\(error)")
        }
    }
}

extension Session {
    fileprivate func printMigrations(_ migrator: Migrator, _ postgres: PostgresConnection)
        throws(CommandFailure)
    {
        let steps: [Migrator.Step]
        do throws(SchemaError) { steps = try migrator.status() } catch { throw CommandFailure(error) }
        let pending = steps.count { !$0.isDone }
        var days: [Partitions.Day] = []
        if steps.contains(where: \.isDone) {
            do throws(PostgresError) { days = try Partitions(postgres).days() } catch {
                throw CommandFailure(error)
            }
        }
        guard !wantsJSON else {
            return output.object { json in
                json.member("schema_version", steps.count - pending)
                json.member("latest", steps.count)
                json.member("pending", pending)
                json.key("steps")
                json.beginArray()
                for step in steps {
                    json.beginObject()
                    json.member("number", step.number)
                    json.member("name", step.name)
                    json.member("done", step.isDone)
                    json.endObject()
                }
                json.endArray()
                json.key("days")
                json.beginArray()
                for day in days { json.string(day.table) }
                json.endArray()
            }
        }
        for step in steps {
            let mark = step.isDone ? output.styled("done", .green) : output.styled("to do", .yellow)
            output.line("\(step.number)  \(step.name)  \(mark)")
        }
        if let first = days.first, let last = days.last {
            output.line("days of the inbox: \(days.count), \(first.table) to \(last.table)")
        }
        if pending > 0 { output.line("tasklane migrate runs what is to do") }
    }

    /// Puts the copy of the settings into Redis; gives the lanes, or nil where Redis does not answer: a worker does it
    /// at its start.
    fileprivate func copySettings(
        _ configuration: Configuration, _ postgres: PostgresConnection, _ note: (String) -> Void
    ) throws(CommandFailure) -> Lanes? {
        let settings: Settings
        do throws(SchemaError) { settings = try Settings.read(postgres) } catch {
            throw CommandFailure(error)
        }
        let lanes: Lanes
        do throws(CommandFailure) {
            lanes = try Lanes(try redis(configuration), configuration: configuration)
        } catch {
            note("Redis does not answer: a worker will put the settings there at its start")
            return nil
        }
        let fields = [
            ("lanes", Array("\(settings.lanes)".utf8)), ("id_key", Hex.encode(settings.idKey)),
        ]
        for (name, value) in fields {
            let isNew =
                try lanes.ask("HSETNX", .bytes(LaneKeys.meta), .text(name), .bytes(value)).integer == 1
            if isNew { note("copied \(name) to Redis") }
            guard try lanes.ask("HGET", .bytes(LaneKeys.meta), .text(name)).bytes == value else {
                throw CommandFailure(SchemaError.foreignRedis(setting: name))
            }
        }
        return lanes
    }

    /// Makes the tables of coming days and drops expired ones, never one that something queued belongs to.
    fileprivate func turnDays(
        _ configuration: Configuration, _ postgres: PostgresConnection, lanes: Lanes?,
        _ note: (String) -> Void
    ) throws(CommandFailure) {
        let partitions = Partitions(postgres)
        let now = Lanes.now
        do throws(PostgresError) {
            let made = try partitions.make(from: now)
            if let first = made.first, let last = made.last {
                note(
                    "made \(Readable.several(made.count, "day")) of the inbox: \(first.table) to \(last.table)"
                )
            }
        } catch { throw CommandFailure(error) }
        guard let lanes else { return }
        let expiry = now.micros - Int64(configuration.retentionDays) * 86_400_000_000
        let reader = JSONReader(depthMax: 32)
        let oldest = try lanes.readings().flatMap { reading in
            [reading.oldest]
                + reading.parked.map { $0.head.flatMap { Entry($0, reader: reader).mutation?.acceptedAt } }
        }.compactMap { $0?.micros }.min()
        do throws(PostgresError) {
            let dropped = try partitions.drop(before: Timestamp(micros: min(expiry, oldest ?? expiry)))
            for day in dropped { note("dropped \(day.table), past the retention") }
        } catch { throw CommandFailure(error) }
    }
}
