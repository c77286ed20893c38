internal import Shared

/// What the text of a list's statement depends on: all but the values. Equal shapes share one prepared statement.
struct TaskListShape: Hashable {
    private let bits: UInt16

    init(_ query: TaskListQuery, after cursor: ListCursor?) {
        var bits = UInt16(query.sort.rawValue)
        func add(_ flag: Bool) { bits = bits << 1 | (flag ? 1 : 0) }
        add(query.isDescending)
        add(query.completed != nil)
        add(query.priority != nil)
        for bounds in [query.created, query.updated, query.due] {
            add(bounds.after != nil)
            add(bounds.before != nil)
        }
        add(query.search != nil)
        add(cursor != nil)
        add(cursor?.key == .time(nil))
        self.bits = bits
    }

    /// Under which its statement is prepared.
    var name: String { "list_tasks_\(bits)" }
}
