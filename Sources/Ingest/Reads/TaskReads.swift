internal import Shared

/// PostgreSQL did not answer, or refused: a read cannot be given.
struct ReadFailure: Error {}

/// Reads straight from PostgreSQL, without blocking the loop (API.md §3).
final class TaskReads {
    private let postgres: LoopPostgres
    private let log: Log
    /// Texts of lists, which take longer to put together than the rest of a question. There are thousands of shapes,
    /// and a handful in use.
    private var lists: [TaskListShape: PostgresStatement] = [:]
    private static let listsMax = 256

    init(_ postgres: LoopPostgres, log: Log) {
        self.postgres = postgres
        self.log = log
    }

    private static let one = PostgresStatement(
        name: "read_task",
        "SELECT \(TaskListStatement.columns) FROM tasks WHERE user_id = $1 AND id = $2")

    private static let profile = PostgresStatement(
        name: "read_profile", "SELECT email, name, created_at FROM users WHERE id = $1")

    private static let requests = PostgresStatement(
        name: "read_requests",
        """
        SELECT r.request_id, r.operation, r.status, r.code, r.task_id, r.version, r.finished_at,
               d.state, d.reason, jsonb_array_length(d.attempts)::int4,
               t.title, t.description, t.completed, t.priority, t.due_at, t.created_at, t.updated_at
          FROM requests r
          LEFT JOIN dead_letters d ON d.request_id = r.request_id
          LEFT JOIN tasks t ON t.user_id = r.user_id AND t.id = r.task_id AND t.version = r.version
                           AND r.status IN (200, 201)
         WHERE r.user_id = $1 AND r.request_id = ANY ($2) AND r.request_id >= $3 AND r.request_id <= $4
        """)

    /// What a read found; told once, on the loop.
    typealias Completion<Found> = (Swift.Result<Found, ReadFailure>) -> Void

    func task(_ id: UUID, of user: UserID, _ completion: @escaping Completion<TaskRow?>) {
        read(Self.one, [.utf8(user.bytes), .uuid(id)], completion) { rows in
            rows.first.map { TaskRow(row: $0, user: user) }
        }
    }

    /// A page of the list that `query` asks for.
    func page(
        _ query: TaskListQuery, of user: UserID, after cursor: ListCursor?,
        _ completion: @escaping Completion<TaskPage>
    ) {
        let list = listStatement(query, of: user, after: cursor)
        read(list.statement, list.parameters, completion) { rows in
            TaskPage(rows, limit: query.limit, user: user)
        }
    }

    private func listStatement(
        _ query: TaskListQuery, of user: UserID, after cursor: ListCursor?
    ) -> TaskListStatement {
        let shape = TaskListShape(query, after: cursor)
        let list = TaskListStatement(query, user: user, after: cursor, shape: shape, known: lists[shape])
        if lists.count >= TaskReads.listsMax { lists.removeAll() }
        lists[shape] = list.statement
        return list
    }

    /// What the user's row says; nil before the first applied mutation.
    func profile(of user: UserID, _ completion: @escaping Completion<UserProfile?>) {
        read(Self.profile, [.utf8(user.bytes)], completion) { rows in
            rows.first.map { row in
                UserProfile(
                    email: row.optionalBytes(0), name: row.optionalBytes(1), createdAt: row.timestamp(2))
            }
        }
    }

    /// What the inbox knows of requests of one user.
    func requests(_ ids: [UUID], of user: UserID) async throws(ReadFailure) -> [UUID: StoredRequest] {
        guard let first = ids.min(), let last = ids.max() else { return [:] }
        // The bounds say again what the list says: without them a generic plan looks into every day of the inbox.
        let rows = try await query(
            Self.requests, [.utf8(user.bytes), .array(.uuids(ids)), .uuid(first), .uuid(last)])
        var found: [UUID: StoredRequest] = [:]
        for row in rows { found[row.uuid(0)] = StoredRequest(row, user: user) }
        return found
    }

    /// Dead letters that wait for a decision.
    func deadLetters() async throws(ReadFailure) -> Int {
        let rows = try await query(Self.deadLettersWaiting, [])
        return rows.first?.int(0) ?? 0
    }

    private static let deadLettersWaiting = PostgresStatement(
        name: "count_dead_letters",
        "SELECT count(*) FROM dead_letters WHERE state IN ('dead', 'redriving', 'superseded')")

    /// Without a task: these are most of what is asked.
    private func read<Found>(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter],
        _ completion: @escaping Completion<Found>, _ found: @escaping (PostgresRows) -> Found
    ) {
        postgres.read(statement, parameters) { [self] answer in
            switch answer {
            case .success(let rows): completion(.success(found(rows)))
            case .failure(let error): completion(.failure(failure(error)))
            }
        }
    }

    private func query(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter]
    ) async throws(ReadFailure) -> PostgresRows {
        do throws(PostgresError) { return try await postgres.query(statement, parameters) } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: PostgresError) -> ReadFailure {
        if case .server(let refusal) = error {
            log.error("a read was refused", .text("sqlstate", "\(refusal.state)"))
        } else {
            log.debug("a read failed", .text("error", "\(error)"))
        }
        return ReadFailure()
    }
}

/// A row of `users`.
struct UserProfile: Equatable {
    var email: [UInt8]?
    var name: [UInt8]?
    var createdAt: Timestamp?
}
