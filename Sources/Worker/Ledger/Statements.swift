import Shared

/// The statements of the ledger, one file each in `SQL/`, prepared once in each session.
enum Statements {
    static let begin = PostgresStatement(
        name: "worker_begin", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    static let commit = PostgresStatement(name: "worker_commit", "COMMIT")
    static let rollback = PostgresStatement(name: "worker_rollback", "ROLLBACK")
    static let savepoint = PostgresStatement(name: "worker_savepoint", "SAVEPOINT part")
    static let release = PostgresStatement(name: "worker_release", "RELEASE part")
    static let rollbackToSavepoint = PostgresStatement(
        name: "worker_back", "ROLLBACK TO SAVEPOINT part")
    static let immediate = PostgresStatement("SET CONSTRAINTS ALL IMMEDIATE")

    static let lockLane = file("lock_lane", PackageResources.lock_lane_sql)
    static let lockLanes = file("lock_lanes", PackageResources.lock_lanes_sql)
    static let readKnown = file("read_known", PackageResources.read_known_sql)
    static let loadTask = file("load_task", PackageResources.load_task_sql)
    static let loadTasks = file("load_tasks", PackageResources.load_tasks_sql)
    static let readLetters = file("read_letters", PackageResources.read_letters_sql)
    static let readHorizon = file("read_horizon", PackageResources.read_horizon_sql)
    static let insertTask = file("insert_task", PackageResources.insert_task_sql)
    static let insertTasks = file("insert_tasks", PackageResources.insert_tasks_sql)
    static let updateTask = file("update_task", PackageResources.update_task_sql)
    static let updateTasks = file("update_tasks", PackageResources.update_tasks_sql)
    static let deleteTask = file("delete_task", PackageResources.delete_task_sql)
    static let deleteTasks = file("delete_tasks", PackageResources.delete_tasks_sql)
    static let insertRequest = file("insert_request", PackageResources.insert_request_sql)
    static let insertRequests = file("insert_requests", PackageResources.insert_requests_sql)
    static let redriveRequests = file("redrive_requests", PackageResources.redrive_requests_sql)
    static let upsertUsers = file("upsert_users", PackageResources.upsert_users_sql)
    static let insertLetters = file("insert_letters", PackageResources.insert_letters_sql)
    static let endRedrives = file("end_redrives", PackageResources.end_redrives_sql)

    private static func file(_ name: String, _ sql: [UInt8]) -> PostgresStatement {
        PostgresStatement(name: "worker_" + name, String(decoding: sql, as: UTF8.self))
    }
}
