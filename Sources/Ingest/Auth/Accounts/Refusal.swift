internal import Shared

/// An account request that was refused: the word for metrics and logs, and what the client is told.
struct Refusal: Error {
    let outcome: StaticString
    let problem: Problem

    init(_ outcome: StaticString, _ problem: Problem) {
        self.outcome = outcome
        self.problem = problem
    }

    init(_ denial: Denial) {
        switch denial {
        case .emailTaken:
            self.init(
                "taken", Problem(.emailTaken, detail: "there is an account with this e-mail address: log in"))
        case .wrongCredentials:
            self.init("credentials", Self.unauthorized("e-mail address or password is wrong"))
        case .wrongToken(let isReuse):
            self.init(
                isReuse ? "reuse" : "token", Self.unauthorized("the refresh token is not good: log in again"))
        case .storage:
            self.init("storage", Problem(.storageUnavailable, detail: "try again").retryAfter(seconds: 1))
        case .unable:
            self.init("unable", Problem(.internal, detail: "the request could not be done: try again"))
        }
    }

    private static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, detail: detail).with("WWW-Authenticate", #"Bearer realm="tasklane""#)
    }
}

/// `tasklane_account_requests_total` by what was asked and how it ended.
struct AccountCounters: Sendable {
    private let counters: [String: Counter]
    private static let outcomes: [StaticString] = [
        "ok", "invalid", "limited", "busy", "taken", "credentials", "token", "reuse", "storage", "unable",
    ]

    init(_ metrics: MetricRegistry) {
        var counters: [String: Counter] = [:]
        for action in AccountRoutes.Action.allCases {
            for outcome in Self.outcomes {
                counters["\(action.rawValue) \(outcome)"] = metrics.counter(
                    "tasklane_account_requests_total", "Requests to the account routes, by outcome.",
                    [("action", action.rawValue), ("outcome", "\(outcome)")])
            }
        }
        self.counters = counters
    }

    func add(_ action: AccountRoutes.Action, _ outcome: StaticString) {
        counters["\(action.rawValue) \(outcome)"]?.add()
    }
}
