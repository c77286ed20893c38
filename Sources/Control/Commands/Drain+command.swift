import Shared

extension Command {
    static let drain = Command(
        "drain", summary: "waits until every lane is empty",
        details: """
            Counts parked mutations too. Accepting goes on: stop ingest first (systemctl stop tasklane-ingest.socket
            tasklane-ingest) if the lanes are to stay empty. Exits 1 when the time is over.
            """,
        options: [Option("timeout", value: "TIME", "how long to wait: 30s, 10m (default), 2h")]
    ) { session throws(CommandFailure) in
        let limit = try TimeText.duration(session.arguments.value("timeout") ?? "10m", called: "--timeout")
        let lanes = try session.lanes()
        let interruption = Interruption()
        var bar = ProgressBar("draining")
        let start = Lanes.now
        var most = 0
        while true {
            let totals = Totals(try lanes.readings(), at: Lanes.now)
            most = max(most, totals.waiting)
            bar.show(most - totals.waiting, of: most)
            let seconds = Double(Lanes.now.micros - start.micros) / 1e6
            let isOver = seconds >= limit / .seconds(1)
            if totals.waiting == 0 || isOver {
                bar.clear()
                session.reportDrain(totals, seconds)
                guard totals.waiting == 0 else {
                    throw .failed(
                        "\(Readable.several(totals.waiting, "mutation")) still wait after "
                            + "\(Readable.age(seconds: seconds)): tasklane lanes and tasklane parked tell why"
                    )
                }
                return
            }
            if interruption.wait(upTo: .milliseconds(200)) {
                bar.clear()
                throw .interrupted(
                    "stopped waiting; \(Readable.several(totals.waiting, "mutation")) still wait")
            }
        }
    }
}

extension Session {
    fileprivate func reportDrain(_ totals: Totals, _ seconds: Double) {
        if wantsJSON {
            output.object { json in
                json.member("drained", totals.waiting == 0)
                json.member("depth", totals.depth)
                json.member("parked_depth", totals.parkedDepth)
                json.member("seconds", seconds)
            }
        } else if totals.waiting == 0 {
            output.line("every lane is empty, after \(Readable.age(seconds: seconds))")
        }
    }
}
