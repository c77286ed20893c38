internal import Shared

extension TaskItem {
    /// Reads `TaskListStatement.columns`.
    init(_ row: PostgresRow, user: UserID) {
        self.init(
            user: user, id: row.uuid(0), title: row.bytes(1), description: row.optionalBytes(2),
            completed: row.bool(3), priority: row.optionalInt(4).flatMap { Priority(rawValue: UInt8($0)) },
            dueAt: row.optionalTimestamp(5), version: Int32(row.int(6)), createdAt: row.timestamp(7),
            updatedAt: row.timestamp(8))
    }
}

/// A task in its row: what is answered is written from there.
struct TaskRow {
    let row: PostgresRow
    let user: UserID

    var version: Int32 { Int32(row.int(6)) }

    /// Appends the task as `TaskItem` does.
    func encode(to json: inout JSONWriter) {
        json.task(
            row.uuid(0), of: user, title: row.span(1), description: row.isNull(2) ? nil : row.span(2),
            completed: row.bool(3),
            priority: row.optionalInt(4).flatMap { Priority(rawValue: UInt8($0)) },
            dueAt: row.optionalTimestamp(5), version: version, createdAt: row.timestamp(7),
            updatedAt: row.timestamp(8))
    }
}

/// One page of a list, in its rows.
struct TaskPage {
    private let rows: PostgresRows
    private let user: UserID
    let count: Int
    /// True when the list goes on behind this page.
    let hasMore: Bool

    /// - Parameter rows: of a `TaskListStatement` for so many tasks: one row more tells that there are more.
    init(_ rows: PostgresRows, limit: Int, user: UserID) {
        self.rows = rows
        self.user = user
        count = Swift.min(rows.count, limit)
        hasMore = rows.count > limit
    }

    /// The task that the next page begins after.
    var last: TaskItem? { count > 0 ? TaskItem(rows[count - 1], user: user) : nil }

    /// Appends the tasks, as the elements of an array.
    func encode(to json: inout JSONWriter) {
        for place in 0..<count { TaskRow(row: rows[place], user: user).encode(to: &json) }
    }
}

/// A request as the inbox in PostgreSQL keeps it.
struct StoredRequest {
    var resource: RequestResource
    /// A dead letter that an operator sent off again and that has no new verdict yet.
    var isRedriven: Bool

    /// Reads the columns of `read_requests`.
    init(_ row: PostgresRow, user: UserID) {
        let id = row.uuid(0)
        let verdict = Verdict(
            status: Int16(row.int(2)), code: row.optionalText(3).flatMap { Verdict.Code(rawValue: $0) },
            version: row.optionalInt(5).map { Int32($0) })
        let state = row.optionalText(7)
        let mayBeRedriven = verdict.code == .deadLettered || verdict.code == .superseded
        isRedriven = mayBeRedriven && (state == "redriving" || state == "redriven")
        resource = RequestResource(
            id: id, user: user,
            state: .done(verdict, task: StoredRequest.task(row, user, verdict, request: id)),
            operation: Mutation.Operation(rawValue: UInt8(row.int(1))), task: row.uuid(4),
            finishedAt: row.timestamp(6))
        guard verdict.code == .deadLettered else { return }
        resource.reason = row.optionalBytes(8)
        resource.attempts = row.optionalInt(9)
    }

    /// The task as this request left it. The same version may be another task's that was created anew after a delete,
    /// so the time of the last change must be this request's, too.
    private static func task(
        _ row: PostgresRow, _ user: UserID, _ verdict: Verdict, request: UUID
    ) -> TaskItem? {
        guard !row.isNull(10), let version = verdict.version,
            row.timestamp(16).micros / 1000 == request.milliseconds
        else { return nil }
        return TaskItem(
            user: user, id: row.uuid(4), title: row.bytes(10), description: row.optionalBytes(11),
            completed: row.bool(12), priority: row.optionalInt(13).flatMap { Priority(rawValue: UInt8($0)) },
            dueAt: row.optionalTimestamp(14), version: version, createdAt: row.timestamp(15),
            updatedAt: row.timestamp(16))
    }
}
