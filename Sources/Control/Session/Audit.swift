internal import CSystem
import Shared

/// Rows of table `audit`: who did what, when, from which host.
enum Audit {
    /// Writes one row; in the caller's transaction, if there is one.
    static func write(
        _ postgres: PostgresConnection, _ action: String, _ detail: (inout JSONWriter) -> Void
    ) throws(CommandFailure) {
        var json = JSONWriter()
        json.beginObject()
        detail(&json)
        json.endObject()
        try postgres.ask(
            "INSERT INTO audit (actor, action, detail) VALUES ($1, $2, $3)",
            [.text(Actor.current), .text(action), .jsonb(json.bytes)])
    }
}

extension Session {
    /// Writes an audit row; where PostgreSQL is down, says so and lets the action go on: what only needs Redis is
    /// most wanted then.
    func auditIfPossible(
        _ configuration: Configuration, _ action: String, _ detail: (inout JSONWriter) -> Void
    ) {
        do throws(CommandFailure) {
            try Audit.write(try postgres(configuration), action, detail)
        } catch {
            let text = "tasklane: not written to the audit table: \(error.text)\n"
            let bytes = Array(text.utf8)
            _ = unsafe CSystem.write(STDERR_FILENO, bytes, bytes.count)
        }
    }

    /// Dead letters that wait for a decision; nil when PostgreSQL does not tell.
    func deadLettersWaiting(_ configuration: Configuration) -> Int? {
        do throws(CommandFailure) {
            return try DeadLetters(try postgres(configuration), lanes: configuration.lanes)
                .counted(DeadLetterFilter())
        } catch { return nil }
    }
}
