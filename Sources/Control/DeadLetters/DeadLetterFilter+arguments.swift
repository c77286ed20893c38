import Shared

extension DeadLetterFilter {
    static let options = [
        Option("reason", value: "R", "only reason R: " + reasons.joined(separator: ", ")),
        Option("user", letter: "u", value: "U", "only this user's"),
        Option("since", value: "T", "dead since T: 2h, 2026-11-20 or 2026-11-20T12:00:00Z"),
        Option("signature", value: "S", "only this error signature, as dead groups prints it"),
    ]
    static let reasons = [
        "rejected_by_database", "attempts_exhausted", "undecodable", "poison", "backlog", "expired",
    ]

    /// What the options of `dead list`, `redrive` and `drop` say.
    init(_ arguments: Arguments, now: Timestamp) throws(CommandFailure) {
        let reason = arguments.value("reason")
        if let reason, !DeadLetterFilter.reasons.contains(reason) {
            throw .usage(
                "there is no reason \"\(reason)\": \(DeadLetterFilter.reasons.joined(separator: ", "))")
        }
        var since: Timestamp?
        if let text = arguments.value("since") {
            since = try TimeText.instant(text, called: "--since", now: now)
        }
        self.init(
            reason: reason, user: try arguments.user(), signature: arguments.value("signature"), since: since,
            states: arguments.has("all") ? DeadLetter.State.allCases : nil)
    }

    /// True when nothing but the state narrows it down.
    var isEverything: Bool {
        requests == nil && reason == nil && user == nil && since == nil && signature == nil
    }
}
