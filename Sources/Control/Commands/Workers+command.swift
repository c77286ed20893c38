import Shared

extension Command {
    static let workers = Command(
        "workers", summary: "worker processes: lanes held, mutations applied, last progress"
    ) { session throws(CommandFailure) in
        let lanes = try session.lanes()
        let workers = try lanes.workers(try lanes.readings())
        if session.wantsJSON {
            for worker in workers {
                session.output.object { json in
                    json.member("worker", worker.id)
                    json.member("silent", worker.isSilent)
                    json.member("cut_off", worker.isCutOff)
                    json.member("heartbeat_age_seconds", worker.ageSeconds)
                    json.member("lanes", worker.lanes)
                    json.key("info")
                    // Its own words, if they are JSON.
                    if worker.info != nil {
                        json.json(worker.text)
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
            let progress = worker.info?.lastProgress.map {
                Readable.age(seconds: Double(now.micros - $0.micros) / 1e6) + " ago"
            }
            table.add([
                Table.Cell(Readable.printable(worker.id)), "\(worker.lanes)",
                Table.Cell(Readable.age(seconds: worker.ageSeconds) + " ago"),
                Table.Cell(worker.info?.applied.map { Readable.count($0) } ?? "–"),
                Table.Cell(progress ?? "–"),
                Table.Cell(worker.state(at: now), .alarm),
            ])
        }
        table.print(to: session.output)
    }
}

extension WorkerReading {
    /// What an operator should know of it; nothing where all is well.
    fileprivate func state(at now: Timestamp) -> String {
        if isSilent { return "silent: its lanes go to others" }
        guard let since = info?.cutOffSince else { return "" }
        let age = Readable.age(seconds: Double(now.micros - since.micros) / 1e6)
        return "no PostgreSQL for \(age): its lanes go to those who reach it"
    }
}
