import Shared

extension Command {
    static let workers = Command(
        "workers", summary: "worker processes: lanes held, mutations applied, last progress"
    ) { session throws(CommandFailure) in
        let lanes = try session.lanes()
        let workers = try lanes.workers(try lanes.readings())
        let reader = JSONReader(depthMax: 32)
        if session.wantsJSON {
            for worker in workers {
                session.output.object { json in
                    json.member("worker", worker.id)
                    json.member("silent", worker.isSilent)
                    json.member("heartbeat_age_seconds", worker.ageSeconds)
                    json.member("lanes", worker.lanes)
                    json.key("info")
                    // Its own words, if they are JSON.
                    if WorkerInfo(worker.info, reader: reader) != nil {
                        json.json(worker.info)
                    } else {
                        json.null()
                    }
                }
            }
            return
        }
        guard !workers.isEmpty else {
            return session.output.line("no worker is registered: systemctl start tasklane-worker@1")
        }
        var table = Table([
            .text("WORKER"), .number("LANES"), .number("HEARTBEAT"), .number("APPLIED"), .number("PROGRESS"),
            .text("STATE"),
        ])
        let now = Lanes.now
        for worker in workers {
            let info = WorkerInfo(worker.info, reader: reader)
            let progress = info?.lastProgress.map {
                Readable.age(seconds: Double(now.micros - $0.micros) / 1e6) + " ago"
            }
            table.add([
                Table.Cell(Readable.printable(worker.id)), "\(worker.lanes)",
                Table.Cell(Readable.age(seconds: worker.ageSeconds) + " ago"),
                Table.Cell(info?.applied.map { Readable.count($0) } ?? "–"), Table.Cell(progress ?? "–"),
                Table.Cell(worker.isSilent ? "silent: its lanes go to others" : "", .alarm),
            ])
        }
        table.print(to: session.output)
    }
}

/// What a worker says of itself in its heartbeat, as far as this version understands it.
struct WorkerInfo {
    /// Since its start.
    let applied: Int64?
    let lastProgress: Timestamp?

    init?(_ text: [UInt8], reader: JSONReader) {
        let read = try? reader.read(text.span) { (document) throws(Never) -> WorkerInfo? in
            guard case .object = document.kind(at: document.root) else { return nil }
            return WorkerInfo(document)
        }.get()
        // `try?`: a worker that speaks no JSON is shown without its words.
        guard let read else { return nil }
        self = read
    }

    private init(_ document: borrowing JSONDocument) {
        let root = document.root
        applied = document.integer("applied", of: root)
        lastProgress = document.timestamp("last_progress_at", of: root)
    }
}
