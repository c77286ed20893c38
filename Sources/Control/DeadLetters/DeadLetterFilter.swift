import Shared

/// Which dead letters are meant: what the options of `dead list`, `redrive` and `drop` say.
struct DeadLetterFilter {
    /// States in which somebody has to decide.
    static let waiting = ["dead", "redriving", "superseded"]

    static let options = [
        Option("reason", value: "R", "only reason R: " + reasons.joined(separator: ", ")),
        Option("user", letter: "u", value: "U", "only this user's"),
        Option("since", value: "T", "dead since T: 2h, 2026-11-20 or 2026-11-20T12:00:00Z"),
        Option("signature", value: "S", "only this error signature, as dead groups prints it"),
    ]
    static let reasons = [
        "rejected_by_database", "attempts_exhausted", "undecodable", "poison", "backlog", "expired",
    ]

    var reason: String?
    var user: String?
    var since: Timestamp?
    var signature: String?
    /// Nil: every state.
    var states: [String]? = DeadLetterFilter.waiting

    init(_ arguments: Arguments, now: Timestamp) throws(CommandFailure) {
        reason = arguments.value("reason")
        if let reason, !DeadLetterFilter.reasons.contains(reason) {
            throw .usage(
                "there is no reason \"\(reason)\": \(DeadLetterFilter.reasons.joined(separator: ", "))")
        }
        user = arguments.value("user")
        if let text = arguments.value("since") {
            since = try TimeText.instant(text, called: "--since", now: now)
        }
        signature = arguments.value("signature")
        if arguments.has("all") { states = nil }
    }

    /// True when nothing but the state narrows it down.
    var isEverything: Bool { reason == nil && user == nil && since == nil && signature == nil }

    /// The condition with its parameters, numbered from $1.
    var condition: (sql: String, parameters: [PostgresParameter]) {
        var parts: [String] = []
        var parameters: [PostgresParameter] = []
        func add(_ sql: (String) -> String, _ parameter: PostgresParameter) {
            parameters.append(parameter)
            parts.append(sql("$\(parameters.count)"))
        }
        if let states { add({ "state = ANY(\($0))" }, .array(.texts(states))) }
        if let reason { add({ "reason = \($0)" }, .text(reason)) }
        if let user { add({ "user_id = \($0)" }, .text(user)) }
        if let since { add({ "dead_at >= \($0)" }, .timestamp(since)) }
        if let signature { add({ "signature = \($0)" }, .text(signature)) }
        return (parts.isEmpty ? "true" : parts.joined(separator: " AND "), parameters)
    }

    /// For the audit row.
    func encode(to json: inout JSONWriter) {
        if let reason { json.member("reason", reason) }
        if let user { json.member("user_id", user) }
        if let since { json.member("since", since) }
        if let signature { json.member("signature", signature) }
    }
}
