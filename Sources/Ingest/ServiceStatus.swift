internal import Shared

/// What `systemctl status` shows of ingest: the lag, the depth and the rate of the deployment.
struct ServiceStatus {
    let text: String
    private let accepted: Int64
    private let at: LoopInstant

    init(_ figures: LaneSurvey.Figures, at: LoopInstant, after before: ServiceStatus?) {
        accepted = figures.accepted
        self.at = at
        guard figures.isKnown else {
            text = "Redis does not answer: writes are refused"
            return
        }
        let depth = figures.depths.reduce(0) { $0 + $1.depth }
        var rate: Int64 = 0
        if let before {
            rate = max(0, accepted - before.accepted) * 1000 / max(1, (at - before.at).milliseconds)
        }
        let tenths = Int64(figures.oldestSeconds * 10)
        text = "lag \(tenths / 10).\(tenths % 10)s, depth \(depth), \(rate)/s accepted"
    }
}
