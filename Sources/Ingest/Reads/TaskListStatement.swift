internal import Shared

/// The SQL of one page of a list. Values are parameters, always; only fixed words are put into the text.
struct TaskListStatement {
    private(set) var text: String
    private(set) var parameters: [PostgresParameter]

    static let columns =
        "id, title, description, completed, priority, due_at, version, created_at, updated_at"

    /// Asks for one row more than the limit, which tells whether there is a next page.
    init(_ query: TaskListQuery, user: UserID, after cursor: ListCursor?) {
        text = "SELECT \(TaskListStatement.columns) FROM tasks WHERE user_id = $1"
        parameters = [.utf8(user.bytes)]
        filter(query)
        if let cursor { seek(cursor, query) }
        let direction = query.isDescending ? "DESC" : "ASC"
        text += " ORDER BY \(query.sort.name) \(direction) NULLS LAST, id \(direction)"
        text += " LIMIT \(query.limit + 1)"
    }

    private mutating func bind(_ value: PostgresParameter) -> String {
        parameters.append(value)
        return "$\(parameters.count)"
    }

    private mutating func filter(_ query: TaskListQuery) {
        if let completed = query.completed { text += " AND completed = \(bind(.bool(completed)))" }
        if let priority = query.priority {
            text += " AND priority = \(bind(.int2(Int16(priority.rawValue))))"
        }
        for (column, bounds) in [
            ("created_at", query.created), ("updated_at", query.updated), ("due_at", query.due),
        ] {
            if let after = bounds.after { text += " AND \(column) > \(bind(.timestamp(after)))" }
            if let before = bounds.before { text += " AND \(column) < \(bind(.timestamp(before)))" }
        }
        guard let search = query.search else { return }
        // strpos takes the text literally, where LIKE would give a meaning to % and _. lower() needs a collation that
        // knows letters beyond ASCII; the columns' own is "C".
        let needle = "lower(\(bind(.utf8(search))) COLLATE \"\(TaskListStatement.folding)\")"
        text += " AND (strpos(lower(title COLLATE \"\(TaskListStatement.folding)\"), \(needle)) > 0"
        text += " OR strpos(lower(description COLLATE \"\(TaskListStatement.folding)\"), \(needle)) > 0)"
    }

    /// ICU's root: the same letters on every host, whatever locales are installed.
    private static let folding = "und-x-icu"

    /// Rows after the cursor's. Row comparison knows no NULLS LAST, so that null has its own branch.
    private mutating func seek(_ cursor: ListCursor, _ query: TaskListQuery) {
        let than = query.isDescending ? "<" : ">"
        let column = "\(query.sort.name)"
        switch cursor.key {
        case .time(nil):
            text += " AND \(column) IS NULL AND id \(than) \(bind(.uuid(cursor.id)))"
        case .time(let time?):
            let row = "(\(column), id) \(than) (\(bind(.timestamp(time))), \(bind(.uuid(cursor.id))))"
            text += query.sort.isAlwaysThere ? " AND \(row)" : " AND (\(row) OR \(column) IS NULL)"
        case .text(let title):
            text +=
                " AND (\(column), id) \(than) (\(bind(.utf8(title))) COLLATE \"C\", \(bind(.uuid(cursor.id))))"
        }
    }
}
