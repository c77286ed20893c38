internal import CSystem
import Shared

extension Command {
    static let tail = Command(
        "tail", summary: "requests as they are done or parked, live",
        details: """
            One line for each: time, state, operation, user, task, how long it took. Listens to the done
            channel, and looks once a second for users that were parked. Ctrl-C ends it.
            """,
        options: [
            Option("user", letter: "u", value: "U", "only this user's"),
            Option("lane", letter: "l", value: "N", "only this lane"),
            Option("state", value: "S", "only succeeded, failed, dead_lettered or retrying"),
        ]
    ) { session throws(CommandFailure) in
        let user = try session.arguments.user()
        let state = session.arguments.value("state")
        if let state, !["succeeded", "failed", "dead_lettered", "retrying"].contains(state) {
            throw .usage("there is no state \"\(state)\": succeeded, failed, dead_lettered or retrying")
        }
        if let text = session.arguments.value("lane") { _ = try Arguments.lane(text) }
        let lanes = try session.lanes()
        var chosen = lanes.keys.indices.map { Lane($0) }
        if let text = session.arguments.value("lane") { chosen = [try lanes.lane(text)] }
        if let user { chosen = [lanes.lane(of: user)] }
        let interruption = Interruption()
        let stream = TransitionStream(
            lanes: lanes, chosen: chosen, subscription: try session.subscription(lanes.configuration))
        try stream.follow(until: { interruption.isRaised }) { transition in
            guard user == nil || transition.user == user?.description,
                state == nil || transition.state == state
            else { return }
            if session.wantsJSON {
                session.output.object(transition.encode)
            } else {
                session.output.line(transition.line(session.output))
            }
            session.output.flush()
        }
    }
}

/// One request that changed its state.
struct Transition {
    let at: Timestamp
    let request: UUID
    let lane: Lane
    var state = "done"
    var user: String?
    var operation: String?
    var task: UUID?
    /// The verdict's HTTP status.
    var status: Int?
    var code: String?
    /// From acceptance to the result.
    var tookSeconds: Double?
    /// Why it is retried.
    var error: String?

    func encode(to json: inout JSONWriter) {
        json.member("at", at)
        json.member("request_id", request)
        json.member("state", state)
        json.member("lane", lane.index)
        json.member("user_id", user)
        json.member("operation", operation)
        json.key("task_id")
        if let task { json.uuid(task) } else { json.null() }
        json.key("status")
        if let status { json.integer(status) } else { json.null() }
        json.member("code", code)
        json.key("took_seconds")
        if let tookSeconds { json.decimal(tookSeconds) } else { json.null() }
        json.member("error", error)
    }

    func line(_ output: Output) -> String {
        let style: Style =
            switch state {
            case "succeeded": .green
            case "failed": .cyan
            case "retrying": .yellow
            default: .alarm
            }
        let padded = state + String(repeating: " ", count: max(0, 13 - state.count))
        let clock = String(at.description.dropFirst(11).prefix(12))
        var parts = [clock, output.styled(padded, style), "\(lane)", "\(request)"]
        parts.append(operation ?? "–")
        parts.append(user.map { Readable.printable($0) } ?? "–")
        if let status { parts.append("\(status)\(code.map { " \($0)" } ?? "")") }
        if let tookSeconds { parts.append("in " + Readable.age(seconds: tookSeconds)) }
        if let error { parts.append(Readable.printable(error, limit: 60)) }
        return parts.joined(separator: "  ")
    }
}
