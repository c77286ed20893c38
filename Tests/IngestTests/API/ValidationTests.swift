import Shared
import Testing

@testable import Ingest

/// What a body came to: its faults as `pointer code`, or `invalid-json`.
private func faults(_ read: (MutationBody) throws(BodyRefusal) -> Void) -> [String] {
    do throws(BodyRefusal) {
        try read(MutationBody(reader: JSONReader()))
        return []
    } catch {
        switch error {
        case .invalidJSON: return ["invalid-json"]
        case .tooDeep: return ["too-deep"]
        case .faults(let faults, _):
            return faults.map { "\(String(decoding: $0.pointer, as: UTF8.self)) \($0.code.rawValue)" }
        }
    }
}

private func creation(_ text: String) -> [String] {
    faults { body throws(BodyRefusal) in _ = try body.creation(Array(text.utf8).span) }
}

private func change(_ text: String) -> [String] {
    faults { body throws(BodyRefusal) in _ = try body.change(Array(text.utf8).span) }
}

@Suite struct `A body` {
    @Test(arguments: [
        (#"{"title":"a"}"#, []),
        (
            #"{"title":"a","description":null,"completed":true,"priority":"low","due_at":"2026-01-01T00:00:00+01:00"}"#,
            []
        ),
        (#"{"title":"a","id":"0198F3C2-7b1f-7abc-8def-0123456789ab"}"#, []),
        (#"{}"#, ["#/title required"]),
        (#"[]"#, ["# wrong_type"]),
        (#"null"#, ["# wrong_type"]),
        (#"{"title":""}"#, ["#/title too_short"]),
        (#"{"title":null}"#, ["#/title wrong_type"]),
        (#"{"title":"  \u2003\u0085\u3000\u2028"}"#, ["#/title blank", "#/title control_character"]),
        (#"{"title":"a\u0000"}"#, ["#/title control_character"]),
        (#"{"title":"a\u007f"}"#, ["#/title control_character"]),
        (#"{"title":"a\u009f"}"#, ["#/title control_character"]),
        (#"{"title":"a\u00a0\u2028b"}"#, []),
        (#"{"title":"a\nb"}"#, ["#/title control_character"]),
        (#"{"title":"a","description":"x\n\ty"}"#, []),
        (#"{"title":"a","description":"x\ry"}"#, ["#/description control_character"]),
        (#"{"title":"a","completed":null}"#, ["#/completed wrong_type"]),
        (#"{"title":"a","completed":1}"#, ["#/completed wrong_type"]),
        (#"{"title":"a","priority":"HIGH"}"#, ["#/priority invalid_value"]),
        (#"{"title":"a","due_at":"2026-02-30T00:00:00Z"}"#, ["#/due_at invalid_time"]),
        (#"{"title":"a","due_at":"2026-02-20T00:00:00"}"#, ["#/due_at invalid_time"]),
        (#"{"title":"a","id":"x"}"#, ["#/id invalid_uuid"]),
        (#"{"title":"a","version":1}"#, ["#/version read_only"]),
        (#"{"title":"a","x~/ %é":1}"#, ["#/x~0~1%20%25%C3%A9 unknown_member"]),
        (#"{"title":"a","titl\u0065":"b"}"#, ["#/title duplicate_member"]),
        (
            #"{"title":1,"description":2,"zzz":3}"#,
            ["#/title wrong_type", "#/description wrong_type", "#/zzz unknown_member"]
        ),
        (#"{"title":"a",}"#, ["invalid-json"]),
        (#"{"title":"\ud800"}"#, ["invalid-json"]),
        ("\u{FEFF}{\"title\":\"a\"}", ["invalid-json"]),
        ("", ["invalid-json"]),
        (String(repeating: "[", count: 17) + String(repeating: "]", count: 17), ["too-deep"]),
    ])
    func `of a creation is judged whole`(text: String, expected: [String]) {
        #expect(creation(text) == expected)
    }

    @Test(arguments: [
        (#"{}"#, ["# required"]),
        (#"{"description":null}"#, []),
        (#"{"due_at":null,"priority":null}"#, []),
        (#"{"title":null}"#, ["#/title wrong_type"]),
        (#"{"id":"0198f3c2-7b1f-7abc-8def-0123456789ab"}"#, ["#/id read_only", "# required"]),
    ])
    func `of a change needs one writable member`(text: String, expected: [String]) {
        #expect(change(text) == expected)
    }

    @Test func `is measured in scalars`() {
        let combining = String(repeating: "e\u{301}", count: 127) + "e"
        #expect(creation("{\"title\":\"\(combining)\"}").isEmpty)
        #expect(creation("{\"title\":\"\(combining)x\"}") == ["#/title too_long"])
        #expect(creation("{\"title\":\"\(String(repeating: "😀", count: 255))\"}").isEmpty)
        let long = String(repeating: "é", count: 1001)
        #expect(creation("{\"title\":\"a\",\"description\":\"\(long)\"}") == ["#/description too_long"])
    }

    @Test func `never finds its values in the faults`() {
        let list = faults { body throws(BodyRefusal) in
            _ = try body.creation(Array(#"{"title":7777,"priority":"secret"}"#.utf8).span)
        }
        #expect(!list.joined().contains("7777") && !list.joined().contains("secret"))
    }

    @Test func `full of faults is answered within bounds`() {
        let members = (0..<10_000).map { "\"m\($0)\":0" }.joined(separator: ",")
        #expect(creation("{\(members)}").count == FaultList.countMax)
    }

    @Test func `of a completion toggles only when it is empty`() throws {
        let body = MutationBody(reader: JSONReader())
        #expect(try body.completion([UInt8]().span) == .toggle)
        #expect(try body.completion(Array(#"{"completed":false}"#.utf8).span) == .complete(false))
        #expect(throws: BodyRefusal.self) { try body.completion(Array("{}".utf8).span) }
    }
}

@Suite struct `A bulk` {
    private func read(_ text: String) -> (good: [Int], bad: [String], refusal: BulkBody.Refusal?) {
        do throws(BulkBody.Refusal) {
            let bulk = try BulkBody(ndjson: Array(text.utf8).span, reader: JSONReader())
            let bad = bulk.faults.faults.map {
                "\($0.line ?? 0) \(String(decoding: $0.pointer, as: UTF8.self)) \($0.code.rawValue)"
            }
            return (bulk.lines.map(\.number), bad, nil)
        } catch { return ([], [], error) }
    }

    @Test(arguments: [
        (#"{"op":"create","data":{"title":"a"}}"#, [1], []),
        ("{\"op\":\"create\",\"data\":{\"title\":\"a\"}}\r\n\r\n \n", [1], []),
        (#"{"op":"create"}"#, [], ["1 #/data required"]),
        (#"{"op":"create","data":{"title":"a","id":"x"}}"#, [], ["1 #/data/id read_only"]),
        (#"{"op":"update","data":{}}"#, [], ["1 #/data required", "1 #/id required"]),
        (
            #"{"op":"complete","id":"0198f3c2-7b1f-7abc-8def-0123456789ab","data":{}}"#, [],
            ["1 #/data/completed required"]
        ),
        (
            #"{"op":"delete","id":"0198f3c2-7b1f-7abc-8def-0123456789ab","data":{}}"#, [],
            ["1 #/data unknown_member"]
        ),
        (
            #"{"op":"delete","id":"0198f3c2-7b1f-7abc-8def-0123456789ab","if_match":"v3"}"#, [],
            ["1 #/if_match invalid_value"]
        ),
        (#"{"op":"delete","id":"0198f3c2-7b1f-7abc-8def-0123456789ab","if_match":"\"v3\""}"#, [1], []),
        (#"{"op":"drop"}"#, [], ["1 #/op invalid_value"]),
        (#"7"#, [], ["1 # wrong_type"]),
        (
            "{\"op\":\"create\",\"data\":{\"title\":\"a\"}}\n\n{\"op\":\"create\",\"data\":{\"title\":\"\"}}",
            [1], ["2 # invalid_json", "3 #/data/title too_short"]
        ),
    ])
    func `is judged line by line`(text: String, good: [Int], bad: [String]) {
        let outcome = read(text)
        #expect(outcome.good == good)
        #expect(outcome.bad == bad)
    }

    @Test func `has 1 to 1000 lines`() {
        let line = #"{"op":"create","data":{"title":"a"}}"# + "\n"
        #expect(read(String(repeating: line, count: 1000)).good.count == 1000)
        #expect(read(String(repeating: line, count: 1001)).refusal == .tooManyLines)
        #expect(read("\n\n").refusal != nil)
    }

    @Test func `keeps its keys apart from those of single requests`() throws {
        let key = try #require(IdempotencyKey(Array("k".utf8)))
        #expect(IdempotencyKey(IdempotencyKey(line: 1, of: key).bytes) == nil)
    }
}
