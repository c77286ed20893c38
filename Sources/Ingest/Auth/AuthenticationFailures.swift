internal import Shared

/// Counts and logs why senders were refused. The token itself is never written anywhere.
final class AuthenticationFailures: Sendable {
    private let counters: [TokenFault: Counter]
    private let log: Log

    init(metrics: MetricRegistry, log: Log) {
        var counters: [TokenFault: Counter] = [:]
        for fault in TokenFault.allCases {
            counters[fault] = metrics.counter(
                "tasklane_auth_failures_total", "Requests refused for want of a good token, by reason.",
                [("reason", fault.reason)])
        }
        self.counters = counters
        self.log = log
    }

    func note(_ fault: TokenFault) {
        counters[fault]?.add()
        log.info("authentication failed", .text("reason", fault.reason))
    }
}

extension TokenFault {
    /// The one body for every cause (API.md §8); only whether a token came at all shows in the header.
    var problem: Problem {
        if self == .unavailable {
            return Problem(.storageUnavailable, detail: "the key cannot be checked now: try again")
                .retryAfter(seconds: 1)
        }
        let problem = Problem(.unauthorized, detail: "send a valid token: Authorization: Bearer <token>")
        return problem.with(
            "WWW-Authenticate",
            self == .missing
                ? #"Bearer realm="tasklane""# : #"Bearer realm="tasklane", error="invalid_token""#)
    }
}
