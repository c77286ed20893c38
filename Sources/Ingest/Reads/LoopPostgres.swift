internal import Shared

/// Stands in until the reader on the loop lands.
final class LoopPostgres {
    init(loop: EventLoop, options: PostgresOptions) {}
    func stop() {}
    var isConnected: Bool { false }
    func query(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter]
    ) async throws(PostgresError) -> PostgresRows {
        throw .unreachable("not yet")
    }
}
