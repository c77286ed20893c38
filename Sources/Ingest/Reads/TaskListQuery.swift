internal import Shared

/// What a list is asked for: filters, sort, limit, place (API.md §6).
struct TaskListQuery: Equatable {
    /// The column a list is sorted by; ties are broken by the id, in the same direction.
    enum Sort: UInt8, CaseIterable {
        case createdAt, updatedAt, dueAt, title

        var name: StaticString {
            switch self {
            case .createdAt: "created_at"
            case .updatedAt: "updated_at"
            case .dueAt: "due_at"
            case .title: "title"
            }
        }

        /// False for what may be null; nulls come last in both directions.
        var isAlwaysThere: Bool { self != .dueAt }
    }

    /// Bounds of one time column, both exclusive.
    struct Bounds: Equatable {
        var after: Timestamp?
        var before: Timestamp?
    }

    static let limitRange = 1...200
    static let searchScalarsMax = 255

    /// All parameters, as the routing table and the OpenAPI document know them.
    static let parameters: [StaticString] = [
        "limit", "sort", "cursor", "completed", "priority", "q", "created_after", "created_before",
        "updated_after", "updated_before", "due_after", "due_before", "sync_token",
    ]

    var limit = 50
    var sort = Sort.createdAt
    var isDescending = true
    var completed: Bool?
    var priority: Priority?
    var search: [UInt8]?
    var created = Bounds()
    var updated = Bounds()
    var due = Bounds()

    /// Why a parameter is refused.
    struct Refusal: Error {
        let parameter: StaticString
        let rule: String
    }

    init(_ query: QueryParameters) throws(Refusal) {
        if let text = query["limit"] {
            guard let limit = Digits.saturating(text), TaskListQuery.limitRange.contains(limit) else {
                throw Refusal(parameter: "limit", rule: "must be a whole number from 1 to 200")
            }
            self.limit = limit
        }
        if let text = query["sort"] { try readSort(text) }
        if let text = query["completed"] {
            guard text[...].equals("true") || text[...].equals("false") else {
                throw Refusal(parameter: "completed", rule: "must be true or false")
            }
            completed = text[...].equals("true")
        }
        if let text = query["priority"] {
            guard let priority = Priority(name: text.span) else {
                throw Refusal(parameter: "priority", rule: "must be one of low, medium, high")
            }
            self.priority = priority
        }
        if let text = query["q"] {
            guard (1...TaskListQuery.searchScalarsMax).contains(text.count(where: { $0 & 0xC0 != 0x80 }))
            else {
                throw Refusal(parameter: "q", rule: "must have 1 to 255 characters")
            }
            search = text
        }
        created.after = try TaskListQuery.time("created_after", query)
        created.before = try TaskListQuery.time("created_before", query)
        updated.after = try TaskListQuery.time("updated_after", query)
        updated.before = try TaskListQuery.time("updated_before", query)
        due.after = try TaskListQuery.time("due_after", query)
        due.before = try TaskListQuery.time("due_before", query)
    }

    private mutating func readSort(_ text: [UInt8]) throws(Refusal) {
        let isDescending = text.first == UInt8(ascii: "-")
        let name = text[(isDescending ? 1 : 0)...]
        guard let sort = Sort.allCases.first(where: { name.equals($0.name) }) else {
            throw Refusal(
                parameter: "sort",
                rule: "must be one of created_at, updated_at, due_at, title, with - before it to descend")
        }
        self.sort = sort
        self.isDescending = isDescending
    }

    /// A `+` before an offset is often sent unescaped and read as a space: taken for the plus it was.
    private static func time(_ name: StaticString, _ query: QueryParameters) throws(Refusal) -> Timestamp? {
        guard var text = query[name] else { return nil }
        if text.count > 6, text[text.count - 6] == 0x20 { text[text.count - 6] = UInt8(ascii: "+") }
        guard let time = Timestamp(rfc3339: text.span) else {
            throw Refusal(parameter: name, rule: "must be an RFC 3339 time with an offset")
        }
        return time
    }

    /// What a cursor is bound to beside its user: everything but limit and place.
    var canonical: [UInt8] {
        var text: [UInt8] = [sort.rawValue, isDescending ? 1 : 0]
        text.append(completed.map { $0 ? 2 : 1 } ?? 0)
        text.append(priority?.rawValue ?? 0)
        for bound in [created, updated, due] {
            for time in [bound.after, bound.before] {
                text.append(time == nil ? 0 : 1)
                text.appendDecimal(time?.micros ?? 0)
                text.append(0)
            }
        }
        if let search {
            text.append(1)
            text += search
        }
        return text
    }
}
