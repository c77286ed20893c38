internal import Shared

/// The SQL of one page of a list. Values are parameters, always; only fixed words are put into the text.
struct TaskListStatement {
    let statement: PostgresStatement
    let parameters: [PostgresParameter]

    static let columns =
        "id, title, description, completed, priority, due_at, version, created_at, updated_at"

    /// Asks for one row more than the limit, which tells whether there is a next page.
    /// - Parameter known: the statement of this shape, where it was made before: then its text is not made again.
    init(
        _ query: TaskListQuery, user: UserID, after cursor: ListCursor?, shape: TaskListShape,
        known: PostgresStatement? = nil
    ) {
        var writer = TaskListWriter(user, limit: query.limit, writesText: known == nil)
        writer.filter(query)
        if let cursor { writer.seek(cursor, query) }
        writer.sort(query)
        statement = known ?? PostgresStatement(name: shape.name, writer.text)
        parameters = writer.parameters
    }
}

/// Puts text and parameters together side by side, so that their numbers agree.
private struct TaskListWriter {
    private(set) var parameters: [PostgresParameter]
    private(set) var text = ""
    private let writesText: Bool

    init(_ user: UserID, limit: Int, writesText: Bool) {
        parameters = [.utf8(user.bytes), .int8(Int64(limit + 1))]
        self.writesText = writesText
        if writesText { text = "SELECT \(TaskListStatement.columns) FROM tasks WHERE user_id = $1" }
    }

    /// Adds a parameter, and the condition that it stands in.
    private mutating func restrict(_ value: PostgresParameter, _ condition: (String) -> String) {
        parameters.append(value)
        if writesText { text += " AND \(condition("$\(parameters.count)"))" }
    }

    mutating func filter(_ query: TaskListQuery) {
        if let completed = query.completed { restrict(.bool(completed)) { "completed = \($0)" } }
        if let priority = query.priority {
            restrict(.int2(Int16(priority.rawValue))) { "priority = \($0)" }
        }
        restrict("created_at", query.created)
        restrict("updated_at", query.updated)
        restrict("due_at", query.due)
        guard let search = query.search else { return }
        // strpos takes the text literally, where LIKE would give a meaning to % and _. lower() needs a collation that
        // knows letters beyond ASCII; the columns' own is "C".
        restrict(.utf8(search)) { place in
            let folding = TaskListWriter.folding
            let needle = "lower(\(place) COLLATE \"\(folding)\")"
            return "(strpos(lower(title COLLATE \"\(folding)\"), \(needle)) > 0"
                + " OR strpos(lower(description COLLATE \"\(folding)\"), \(needle)) > 0)"
        }
    }

    mutating func sort(_ query: TaskListQuery) {
        guard writesText else { return }
        let direction = query.isDescending ? "DESC" : "ASC"
        text += " ORDER BY \(query.sort.name) \(direction) NULLS LAST, id \(direction) LIMIT $2"
    }

    private mutating func restrict(_ column: StaticString, _ bounds: TaskListQuery.Bounds) {
        if let after = bounds.after { restrict(.timestamp(after)) { "\(column) > \($0)" } }
        if let before = bounds.before { restrict(.timestamp(before)) { "\(column) < \($0)" } }
    }

    /// ICU's root: the same letters on every host, whatever locales are installed.
    private static let folding = "und-x-icu"

    /// Rows after the cursor's. Row comparison knows no NULLS LAST, so that null has its own branch.
    mutating func seek(_ cursor: ListCursor, _ query: TaskListQuery) {
        let than = query.isDescending ? "<" : ">"
        let column = query.sort.name
        guard let key = cursor.key.parameter else {
            return restrict(.uuid(cursor.id)) { "\(column) IS NULL AND id \(than) \($0)" }
        }
        parameters.append(key)
        let place = "$\(parameters.count)"
        restrict(.uuid(cursor.id)) { id in
            switch cursor.key {
            case .text: return "(\(column), id) \(than) (\(place) COLLATE \"C\", \(id))"
            case .time:
                let row = "(\(column), id) \(than) (\(place), \(id))"
                return query.sort.isAlwaysThere ? row : "(\(row) OR \(column) IS NULL)"
            }
        }
    }
}

extension ListCursor.Key {
    /// Nil for null, which is not compared.
    fileprivate var parameter: PostgresParameter? {
        switch self {
        case .time(nil): nil
        case .time(let time?): .timestamp(time)
        case .text(let text): .utf8(text)
        }
    }
}
