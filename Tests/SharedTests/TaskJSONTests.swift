import Shared
import Testing

@Suite struct `A task as JSON` {
    private static func task(title: [UInt8], description: [UInt8]?) throws -> TaskItem {
        TaskItem(
            user: try #require(UserID("u1")), id: UUID(high: .max, low: 1), title: title,
            description: description, completed: true, priority: .medium,
            dueAt: Timestamp(micros: -62_135_596_800_000_000), version: .max,
            createdAt: Timestamp(micros: 253_402_300_799_999_999), updatedAt: Timestamp(micros: 0))
    }

    @Test func `has its members in the order of the contract`() throws {
        var json = JSONWriter(capacity: 0)
        try Self.task(title: Array("a \"b\"".utf8), description: nil).encode(to: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"""
                {"id":"ffffffff-ffff-ffff-0000-000000000001","user_id":"u1","title":"a \"b\"","description":null,
                "completed":true,"priority":"medium","due_at":"0001-01-01T00:00:00.000000Z","version":2147483647,
                "created_at":"9999-12-31T23:59:59.999999Z","updated_at":"1970-01-01T00:00:00.000000Z"}
                """#.replacing("\n", with: ""))
    }

    @Test(arguments: [
        "", "plain", "\"", "\\", "tab\tline\nend", String(repeating: "\u{1}", count: 1000),
        String(repeating: "żółć\u{1F600}", count: 200), String(repeating: "x", count: 999) + "\"",
    ]) func `comes back as it was, whatever its texts`(text: String) throws {
        for (title, description) in [(text, nil), ("t", text), (text, text)] as [(String, String?)] {
            let task = try Self.task(
                title: Array(title.utf8), description: description.map { Array($0.utf8) })
            var json = JSONWriter(capacity: 0)
            json.beginArray()
            task.encode(to: &json)
            task.encode(to: &json)
            json.endArray()
            var found: [TaskItem?] = []
            _ = try JSONReader().read(json.bytes.span) { document in
                document.forEachElement(of: 0) { found.append(TaskItem(document, at: $0)) }
            }
            #expect(found == [task, task])
        }
    }
}
