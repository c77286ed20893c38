import Shared

/// The statements of a batch of one mutation, as an idle system's are. A row from arrays costs PostgreSQL a tuple store for
/// each column, which is more than the insert itself (`bench/bounds.md`, d).
extension PostgresConnection {
    func sendLoad(of task: TaskKey) throws(PostgresError) {
        try send(Statements.loadTask, [.utf8(task.user.bytes), .uuid(task.id)])
    }

    func sendInsert(of task: TaskItem) throws(PostgresError) {
        try send(Statements.insertTask, PostgresConnection.columns(task))
    }

    func sendUpdate(of task: TaskItem) throws(PostgresError) {
        try send(Statements.updateTask, PostgresConnection.columns(task))
    }

    func sendDelete(of task: TaskKey) throws(PostgresError) {
        try send(Statements.deleteTask, [.utf8(task.user.bytes), .uuid(task.id)])
    }

    func sendInsert(of request: RequestRow, now: Timestamp) throws(PostgresError) {
        try send(
            Statements.insertRequest,
            [
                .uuid(request.request), .utf8(request.user.bytes), .int2(Int16(request.operation.rawValue)),
                .uuid(request.task), .int2(request.verdict.status), .text(request.verdict.code?.rawValue),
                .int4(request.verdict.version), .int2(request.redrive), .timestamp(now),
            ])
    }

    private static func columns(_ task: TaskItem) -> [PostgresParameter] {
        [
            .utf8(task.user.bytes), .uuid(task.id), .utf8(task.title), .utf8(task.description),
            .bool(task.completed), .int2(task.priority.map { Int16($0.rawValue) }), .timestamp(task.dueAt),
            .int4(task.version), .timestamp(task.createdAt), .timestamp(task.updatedAt),
        ]
    }
}
