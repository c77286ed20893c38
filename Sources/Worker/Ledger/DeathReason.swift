/// Why a mutation was set aside; raw values are those of `dead_letters.reason` and of metrics.
enum DeathReason: String, CaseIterable, Sendable {
    case rejectedByDatabase = "rejected_by_database"
    case attemptsExhausted = "attempts_exhausted"
    case undecodable
    case poison
    case backlog
    case expired
}
