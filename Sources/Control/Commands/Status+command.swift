internal import CSystem
import Shared

extension Command {
    static let status = Command(
        "status", summary: "how it goes, on one screen: lag first, then depth and rates",
        details: """
            lag is the age of the oldest queued mutation: what a client that waits feels. Rates are measured over a
            quarter of a second. Exits 0 whatever it finds; alerts are for the metrics (docs/operations.md).
            """
    ) { session throws(CommandFailure) in
        let lanes = try session.lanes()
        let earlier = Totals(try lanes.readings(), at: Lanes.now)
        usleep(250_000)
        let readings = try lanes.readings()
        let status = StatusReading(
            totals: Totals(readings, at: Lanes.now), earlier: earlier, laneCount: lanes.count,
            workers: try lanes.workers(readings), deadLetters: session.deadLettersWaiting(lanes.configuration)
        )
        if session.wantsJSON {
            session.output.object { json in status.encode(to: &json) }
        } else {
            for line in status.lines(session.output) { session.output.line(line) }
        }
    }
}

/// What `status` shows.
struct StatusReading {
    let totals: Totals
    let earlier: Totals
    let laneCount: Int
    let workers: [WorkerReading]
    /// Nil when PostgreSQL does not answer.
    let deadLetters: Int?

    private var unaccounted: Int64 { totals.unaccounted }

    func encode(to json: inout JSONWriter) {
        let rates = totals.rates(since: earlier)
        json.member("lag_seconds", totals.lagSeconds)
        json.member("depth", totals.depth)
        json.member("accepted_per_second", rates.accepted)
        json.member("applied_per_second", rates.settled)
        json.member("lanes", laneCount)
        json.member("lanes_busy", totals.busyLanes)
        json.member("lanes_owned", totals.ownedLanes)
        json.member("lanes_paused", totals.pausedLanes)
        json.member("workers", workers.count { !$0.isSilent })
        json.member("parked_users", totals.parkedUsers)
        json.member("parked_depth", totals.parkedDepth)
        json.key("dead_letters")
        if let deadLetters { json.integer(deadLetters) } else { json.null() }
        json.member("unaccounted", Int(unaccounted))
        json.member("accepted", Int(totals.count.accepted))
        json.member("succeeded", Int(totals.count.succeeded))
        json.member("failed", Int(totals.count.failed))
        json.member("dead", Int(totals.count.dead))
        json.member("left_over", Int(totals.leftOver))
    }

    func lines(_ output: Output) -> [String] {
        let rates = totals.rates(since: earlier)
        let live = workers.count { !$0.isSilent }
        let cutOff = workers.count { $0.isCutOff }
        func line(_ name: String, _ value: String, _ style: Style?, _ note: String = "") -> String {
            let padded = name + String(repeating: " ", count: 14 - name.count)
            return output.styled(padded, .dim) + output.styled(value, style)
                + (note.isEmpty ? "" : output.styled("  " + note, .dim))
        }
        let lagStyle: Style = totals.lagSeconds > 30 ? .alarm : totals.lagSeconds > 5 ? .yellow : .green
        let lagNote = totals.lagLane.map { "oldest in lane \($0)" } ?? "nothing waits"
        let unowned = laneCount - totals.ownedLanes
        var lines = [
            line("lag", Readable.age(seconds: totals.lagSeconds), lagStyle, lagNote),
            line(
                "depth", Readable.count(totals.depth), nil, "in \(Readable.several(totals.busyLanes, "lane"))"
            ),
            line(
                "rates", "\(Readable.rate(rates.accepted)) in, \(Readable.rate(rates.settled)) out",
                rates.accepted > rates.settled * 1.5 && totals.lagSeconds > 5 ? .yellow : nil),
            line(
                "workers", "\(live)", live == 0 ? .alarm : cutOff > 0 ? .yellow : nil,
                "\(totals.ownedLanes) of \(laneCount) lanes owned"
                    + (unowned > 0 && live > 0 ? " (\(unowned) change hands)" : "")
                    + (cutOff > 0 ? ", \(cutOff) without PostgreSQL: tasklane workers" : "")),
            line(
                "parked", Readable.several(totals.parkedUsers, "user"),
                totals.parkedUsers > 0 ? .yellow : nil,
                totals.parkedUsers > 0
                    ? "\(Readable.count(totals.parkedDepth)) mutations: tasklane parked" : ""),
            line(
                "dead letters", deadLetters.map { Readable.count($0) } ?? "PostgreSQL does not answer",
                deadLetters == nil ? .alarm : deadLetters == 0 ? nil : .yellow,
                (deadLetters ?? 0) > 0 ? "tasklane dead groups" : ""),
            line(
                "unaccounted", Readable.count(unaccounted), unaccounted > 0 ? .alarm : nil,
                unaccounted > 0 ? "tasklane fsck explains" : ""),
        ]
        if totals.pausedLanes > 0 {
            lines.append(
                line(
                    "paused", Readable.several(totals.pausedLanes, "lane"), .yellow,
                    "tasklane lanes tells why"))
        }
        if live == 0 {
            lines.append(output.styled("no worker lives: systemctl start tasklane-worker@1", .alarm))
        }
        return lines
    }
}
