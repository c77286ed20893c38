import Shared
import Testing

@testable import Ingest

private func query(_ text: String) throws -> TaskListQuery {
    try TaskListQuery(QueryParameters(Array(text.utf8)[...], known: TaskListQuery.parameters))
}

@Suite struct `A list's query` {
    @Test(arguments: [
        "limit=0", "limit=201", "limit=+5", "limit=", "limit=1&limit=2", "l%69mit=1&limit=2", "foo=1",
        "sort=", "sort=id",
        "sort=--title", "completed=TRUE", "completed=", "priority=none", "q=", "q=%ff", "q=%zz", "q=%00",
        "due_after=2026",
    ])
    func `is refused when a parameter is wrong`(text: String) {
        #expect(throws: (any Error).self) { try query(text) }
    }

    @Test func `takes its parameters in any order`() throws {
        let one = try query("sort=-title&q=a%2Bb+c&limit=7&due_before=2026-01-01T00:00:00+01:00")
        #expect(one.sort == .title && one.isDescending && one.search == Array("a+b c".utf8) && one.limit == 7)
        #expect(one.due.before == Timestamp(rfc3339: Array("2025-12-31T23:00:00Z".utf8).span))
    }
}

@Suite struct `A content's hash` {
    @Test(arguments: [0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 100])
    func `is another one for each change of a bit, and for each length`(count: Int) {
        let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        var tags: Set<[UInt8]> = [ContentHash(text).tag]
        for place in text.indices {
            for bit in 0..<8 {
                var changed = text
                changed[place] ^= 1 << UInt8(bit)
                tags.insert(ContentHash(changed).tag)
            }
        }
        for more in 1...40 { tags.insert(ContentHash(text + Array(repeating: 0, count: more)).tag) }
        #expect(tags.count == 1 + count * 8 + 40)
        #expect(ContentHash(text) == ContentHash(text))
        #expect(tags.allSatisfy { $0.count == 18 && $0.first == $0.last })
    }
}

@Suite struct `A list's statement` {
    private static let choices = [
        ["", "sort=-title", "sort=title", "sort=due_at", "sort=-due_at", "sort=updated_at"],
        ["", "completed=true"], ["", "priority=low"], ["", "q=a"],
        ["", "created_after=2026-01-01T00:00:00Z"],
        ["", "created_before=2026-01-01T00:00:00Z"], ["", "updated_after=2026-01-01T00:00:00Z"],
        ["", "updated_before=2026-01-01T00:00:00Z"], ["", "due_after=2026-01-01T00:00:00Z"],
        ["", "due_before=2026-01-01T00:00:00Z"],
    ]

    private static func cursors(_ sort: TaskListQuery.Sort) -> [ListCursor?] {
        let id = UUID(high: 1, low: 2)
        return switch sort {
        case .title: [nil, ListCursor(key: .text([65]), id: id)]
        case .dueAt:
            [nil, ListCursor(key: .time(Timestamp(micros: 1)), id: id), ListCursor(key: .time(nil), id: id)]
        case .createdAt, .updatedAt: [nil, ListCursor(key: .time(Timestamp(micros: 1)), id: id)]
        }
    }

    @Test func `has one text for each shape, and one shape for each text`() throws {
        let user = try #require(UserID("u1"))
        var texts: [TaskListShape: String] = [:]
        var parameters = [[]] as [[String]]
        for choice in Self.choices {
            parameters = parameters.flatMap { begun in choice.map { begun + [$0] } }
        }
        for chosen in parameters {
            let query = try query(chosen.filter { !$0.isEmpty }.joined(separator: "&"))
            for cursor in Self.cursors(query.sort) {
                let shape = TaskListShape(query, after: cursor)
                let list = TaskListStatement(query, user: user, after: cursor, shape: shape)
                #expect(list.statement.sql.contains("$\(list.parameters.count)"))
                #expect(!list.statement.sql.contains("$\(list.parameters.count + 1)"))
                #expect(texts.updateValue(list.statement.sql, forKey: shape) == nil)
            }
        }
        #expect(Set(texts.values).count == texts.count)
        #expect(Set(texts.keys.map(\.name)).count == texts.count)
    }

    @Test func `puts the same parameters together where its text is known`() throws {
        let user = try #require(UserID("u1"))
        let query = try query("sort=-due_at&completed=false&q=milk&due_after=2026-01-01T00:00:00Z&limit=7")
        let cursor = ListCursor(key: .time(Timestamp(micros: 1)), id: UUID(high: 1, low: 2))
        let shape = TaskListShape(query, after: cursor)
        let first = TaskListStatement(query, user: user, after: cursor, shape: shape)
        let again = TaskListStatement(query, user: user, after: cursor, shape: shape, known: first.statement)
        #expect(again.statement == first.statement)
        #expect(again.parameters.map { "\($0)" } == first.parameters.map { "\($0)" })
    }
}

@Suite struct `A cursor` {
    private let sealer = CursorSealer(idKey: Array(repeating: 7, count: 32))
    private let user: UserID
    private let cursor = ListCursor(key: .text(Array("Z é".utf8)), id: UUID(high: 1, low: 2))

    init() throws { user = try #require(UserID("u1")) }

    @Test func `opens for its own user, filter and sort alone`() throws {
        let mine = try query("sort=title&q=a")
        let sealed = sealer.seal(cursor, user: user, query: mine)
        #expect(sealer.open(sealed, user: user, query: mine) == cursor)
        #expect(sealer.open(sealed, user: user, query: try query("sort=title&q=a&limit=3")) == cursor)
        for other in ["sort=-title&q=a", "sort=title&q=b", "sort=title", "sort=title&q=a&completed=true"] {
            #expect(sealer.open(sealed, user: user, query: try query(other)) == nil)
        }
        #expect(sealer.open(sealed, user: try #require(UserID("u2")), query: mine) == nil)
        let stranger = CursorSealer(idKey: Array(repeating: 8, count: 32))
        #expect(stranger.open(sealed, user: user, query: mine) == nil)
    }

    @Test func `survives no change and no noise`() throws {
        let mine = try query("sort=title")
        let sealed = sealer.seal(cursor, user: user, query: mine)
        var random = SplitMix64(seed: 4)
        for place in sealed.indices {
            var changed = sealed
            changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(sealer.open(changed, user: user, query: mine) == nil)
            #expect(sealer.open(Array(sealed[..<place]), user: user, query: mine) == nil)
        }
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0..<90, using: &random)).map { _ in
                UInt8.random(in: 33...126, using: &random)
            }
            #expect(sealer.open(noise, user: user, query: mine) == nil)
        }
    }

    @Test(arguments: [nil, 0, -1, 1_800_000_000_000_000])
    func `keeps times, also none`(micros: Int64?) throws {
        let mine = try query("sort=due_at")
        let place = ListCursor(key: .time(micros.map { Timestamp(micros: $0) }), id: UUID(high: 3, low: 4))
        #expect(sealer.open(sealer.seal(place, user: user, query: mine), user: user, query: mine) == place)
    }
}
