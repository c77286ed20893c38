import Shared
import Testing

@testable import Ingest

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct `Prefer` {
    @Test(arguments: [
        ("wait=5", 5), ("WAIT = \"5\"", 5), ("wait=0", 0), ("wait=26", 25), ("wait=99999999999999999999", 25),
        ("foo, wait=3;x=\"a,b\";y, bar", 3), ("wait=2, wait=9", 2), ("respond-async, wait=7", 7),
        (",,wait=4,", 4), ("foo=\"a, wait=1\", wait=2", 2), ("wait=x, wait=6", 6),
    ])
    func `reads the seconds to wait`(text: String, seconds: Int) {
        #expect(Preferences(values: [bytes(text)]).waitSeconds == seconds)
    }

    @Test(arguments: [
        "", "wait", "wait=", "wait=-1", "wait=+1", "wait=1.5", "wait=1e3", "wait=５", "waitt=1", ";wait=1",
        "\"wait=1",
    ])
    func `passes over what is malformed`(text: String) {
        #expect(Preferences(values: [bytes(text)]).waitSeconds == nil)
    }

    @Test func `may stand in several headers`() {
        let preferences = Preferences(values: [bytes("return=minimal"), bytes("handling=lenient, wait=1")])
        #expect(preferences.returnsMinimal && preferences.isLenient && preferences.waitSeconds == 1)
        #expect(!Preferences(values: [bytes("return=representation, return=minimal")]).returnsMinimal)
    }
}

@Suite struct `If-Match` {
    @Test(
        arguments: [
            ("\"v3\"", .versions([3])), ("\"v1\", \"v2\"", .versions([1, 2])),
            (" , \"v1\",, \"v2\" ,", .versions([1, 2])),
            ("*", .exists), (" * ", .exists), ("W/\"v3\"", .versions([])), ("\"abc\"", .versions([])),
            ("\"\"", .versions([])),
            ("\"v01\", \"v0\", \"v99999999999\"", .versions([])), ("\"a,b\", \"v4\"", .versions([4])),
        ] as [(String, Mutation.Precondition)])
    func `reads lists of tags`(text: String, expected: Mutation.Precondition) {
        #expect(TagCondition(values: [bytes(text)])?.precondition == expected)
    }

    @Test(arguments: [
        "", ",", "v3", "\"v3", "v3\"", "* , \"v1\"", "\"v1\" \"v2\"", "w/\"v1\"", "W \"v1\"", "\"a\"b",
        "\"a\u{7F}\"",
    ])
    func `is refused when it is malformed`(text: String) {
        #expect(TagCondition(values: [bytes(text)]) == nil)
    }

    @Test func `is read over several headers`() {
        #expect(TagCondition(values: [bytes("\"v1\""), bytes("\"v2\"")])?.precondition == .versions([1, 2]))
        #expect(TagCondition(values: [bytes("*"), bytes("\"v2\"")]) == nil)
    }
}

@Suite struct `An idempotency key` {
    @Test(arguments: [
        ("abc", "abc"), ("\"abc\"", "abc"), ("\"a\\\"b\\\\\"", "a\"b\\"), ("!~", "!~"),
        (String(repeating: "x", count: 255), String(repeating: "x", count: 255)),
    ])
    func `is quoted or bare`(text: String, key: String) {
        #expect(IdempotencyKey(bytes(text))?.bytes == bytes(key))
    }

    @Test(arguments: [
        "", "\"\"", "a b", "\"abc", "abc\"", "a\"b", "\"a\"b", "\"a\\b\"", "\"a", "é",
        String(repeating: "x", count: 256), "\u{1F}",
    ])
    func `is refused otherwise`(text: String) { #expect(IdempotencyKey(bytes(text)) == nil) }
}

@Suite struct `traceparent` {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test(arguments: ["00-\(trace)-00f067aa0ba902b7-01", "cc-\(trace)-00f067aa0ba902b7-01-more"])
    func `gives its trace id`(text: String) { #expect(TraceParent.traceID(bytes(text)) == bytes(Self.trace)) }

    @Test(arguments: [
        "", "00-\(trace)-00f067aa0ba902b7", "ff-\(trace)-00f067aa0ba902b7-01",
        "00-\(trace)-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-\(trace)-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-\(trace)-00f067aa0ba902b7-0x",
    ])
    func `is passed over when it is malformed`(text: String) {
        #expect(TraceParent.traceID(bytes(text)) == nil)
    }
}

@Suite struct `A content type` {
    @Test(arguments: [
        "application/json", "Application/JSON", "application/json;charset=utf-8",
        "application/json ; charset=\"UTF-8\"", "application/json;", "application/json; ; charset=utf-8",
    ])
    func `is JSON in UTF-8`(text: String) { #expect(MediaType(bytes(text)) == .json) }

    @Test(arguments: [
        "", "text/plain", "application/json; charset=latin1", "application/json; q=1",
        "application/json charset=utf-8", "application/jsonx", "application / json",
        "application/json, application/json", "application/\u{212A}son",
    ])
    func `is refused otherwise`(text: String) { #expect(MediaType(bytes(text)) == nil) }
}

@Suite struct `A rate limit` {
    @Test func `lets the burst through, then the rate`() throws {
        let limiter = RateLimiter(UserRate(rate: 10, burst: 20))
        let user = try #require(UserID("u1"))
        var now = LoopInstant(nanoseconds: 1_000_000_000)
        for _ in 0..<20 { #expect(limiter.take(1, of: user, now: now).isAllowed) }
        let refused = limiter.take(1, of: user, now: now)
        #expect(!refused.isAllowed && refused.remaining == 0 && refused.resetSeconds == 1)
        now = now + .milliseconds(500)
        #expect(
            (0..<6).map { _ in limiter.take(1, of: user, now: now).isAllowed } == [
                true, true, true, true, true, false,
            ])
    }

    @Test func `lets a large bulk through a full bucket, which then owes`() throws {
        let limiter = RateLimiter(UserRate(rate: 10, burst: 20))
        let user = try #require(UserID("u1"))
        let now = LoopInstant(nanoseconds: 1_000_000_000)
        #expect(limiter.take(1, of: user, now: now).isAllowed)
        #expect(limiter.take(99, after: 1, of: user, now: now).isAllowed)
        #expect(limiter.take(1, of: user, now: now + .seconds(7)).isAllowed == false)
        #expect(limiter.take(1, of: user, now: now + .seconds(9)).isAllowed)
    }
}
