import Shared
import Testing

@Suite struct `A UUID` {
    @Test func `reads and writes its text form`() throws {
        let uuid = try #require(UUID("0198F3C2-7b1f-7abc-8def-0123456789ab"))
        #expect(uuid.description == "0198f3c2-7b1f-7abc-8def-0123456789ab")
        #expect(uuid.version == 7)
        #expect(uuid.milliseconds == 0x0198_f3c2_7b1f)
        var bytes: [UInt8] = []
        uuid.appendBigEndian(to: &bytes)
        #expect(UUID(bigEndian: bytes.span) == uuid)
    }

    @Test func `writes every digit at every place`() {
        for digit in 0..<16 {
            for place in 0..<32 {
                let bits = UInt64(digit) << UInt64(60 - 4 * (place % 16))
                let uuid = place < 16 ? UUID(high: bits, low: 0) : UUID(high: 0, low: bits)
                var digits = Array(repeating: "0", count: 32)
                digits[place] = String(digit, radix: 16)
                #expect(uuid.description.filter { $0 != "-" } == digits.joined())
            }
        }
    }

    @Test(arguments: [
        "", "0198f3c27b1f7abc8def0123456789ab", "0198f3c2-7b1f-7abc-8def-0123456789ag",
        "{0198f3c2-7b1f-7abc-8def-0123456789a}",
    ])
    func `is nothing else`(text: String) { #expect(UUID(text) == nil) }
}

@Suite struct `A user id` {
    @Test(arguments: ["u1", "a@b.example", "A_b-c:d.e", String(repeating: "x", count: 64)])
    func `takes the allowed bytes`(text: String) { #expect(UserID(text)?.description == text) }

    @Test(arguments: [
        "", "requests", "users", "auth", "ops", "a b", "a/b", "é", "a%", String(repeating: "x", count: 65),
    ])
    func `refuses the rest`(text: String) { #expect(UserID(text) == nil) }
}

@Suite struct `A lane's number` {
    @Test func `comes from the checksum that Redis uses`() throws {
        #expect(CRC16.checksum(Array("123456789".utf8).span) == 0x31C3)
        #expect(CRC16.checksum([UInt8]().span) == 0)
        #expect(CRC16.checksum(Array("user1000".utf8).span) & 0x3FFF == 3443)
        #expect(Lane(of: try #require(UserID("123456789")), lanes: 256) == Lane(0xC3))
    }

    @Test func `is written in at least three digits`() {
        #expect(Lane(7).description == "007")
        #expect(Lane(1023).description == "1023")
    }
}

@Suite struct `A timestamp` {
    @Test(arguments: [
        ("2026-11-20T12:00:00.123456Z", "2026-11-20T12:00:00.123456Z"),
        ("2026-11-20t12:00:00z", "2026-11-20T12:00:00.000000Z"),
        ("2026-11-20T12:00:00.1+02:00", "2026-11-20T10:00:00.100000Z"),
        ("2024-02-29T23:59:59.9999999-00:30", "2024-03-01T00:29:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
    ]) func `is read with its offset and written in UTC`(text: String, utc: String) {
        #expect(Timestamp(rfc3339: Array(text.utf8).span)?.description == utc)
    }

    @Test(arguments: [
        "", "2026-11-20", "2026-11-20T12:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20 12:00:00Z",
        "2026-11-20T12:00:60Z", "2026-11-20T12:00:00.Z", "2026-11-20T12:00:00+0200", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00", "+026-11-20T12:00:00Z",
    ]) func `is nothing else`(text: String) { #expect(Timestamp(rfc3339: Array(text.utf8).span) == nil) }
}

@Suite struct `A mutation` {
    private static let create = Mutation(
        id: UUID(high: 0x0198_f3c2_7b1f_7abc, low: 0x8def_0123_4567_89ab), user: UserID("u1").unsafelyPresent,
        task: UUID(high: 1, low: 2), acceptedAt: Timestamp(micros: 1_763_000_000_123_456),
        change: .create(
            NewTask(title: Array("Ünïcode \"quoted\"\n".utf8), priority: .high, dueAt: Timestamp(micros: -5)))
    )

    private static func with(_ change: (inout Mutation) -> Void) -> Mutation {
        var mutation = create
        change(&mutation)
        return mutation
    }

    @Test(arguments: [
        create,
        with {
            $0.change = .update(TaskPatch(description: .some(nil), priority: .some(nil), dueAt: .some(nil)))
        },
        with { $0.change = .update(TaskPatch(title: [65], completed: true)) },
        with { $0.change = .complete(false) },
        with { $0.change = .toggle }, with { $0.change = .delete },
        with {
            $0.precondition = .versions([1, 7])
            $0.redrive = 3
            $0.force = true
            $0.traceID = Array("4bf92f3577b34da6a3ce929d0e0e4736".utf8)
            $0.email = Array("a@b.example".utf8)
        }, with { $0.precondition = .exists }, with { $0.precondition = .versions([]) },
    ]) func `is read from its lane entry as it was`(mutation: Mutation) throws {
        #expect(try Mutation(entry: mutation.encode().span, reader: JSONReader()) == mutation)
    }

    @Test(arguments: [
        ("{", UndecodableEntry.notJSON), ("[]", .notJSON), ("{}", .member("id")),
        (#"{"id":"0198f3c2-7b1f-7abc-8def-0123456789ab","op":"create","user":"u 1"}"#, .member("user")),
    ]) func `names what is wrong with an entry`(entry: String, error: UndecodableEntry) {
        #expect(throws: error) { try Mutation(entry: Array(entry.utf8).span, reader: JSONReader()) }
    }
}

@Suite struct `A request resource` {
    @Test(arguments: [
        RequestResource.State.queued, .retrying(attempts: 3, nextAttemptAt: Timestamp(micros: 7)),
        .unaccounted,
        .done(.deleted, task: nil), .done(.refused(.preconditionFailed, version: 4), task: nil),
        .done(.refused(.deadLettered), task: nil),
        .done(
            .created(version: 1),
            task: TaskItem(
                user: UserID("u1").unsafelyPresent, id: UUID(high: 1, low: 2), title: [65],
                createdAt: Timestamp(micros: 1), updatedAt: Timestamp(micros: 1))),
    ]) func `is read as it was written`(state: RequestResource.State) throws {
        let user = try #require(UserID("u1"))
        var resource = RequestResource(
            id: UUID(high: 0x0198_f3c2_7b1f_7abc, low: 3), user: user, state: state, operation: .update,
            task: UUID(high: 1, low: 2))
        if case .retrying(let attempts, _) = state { resource.attempts = attempts }
        #expect(RequestResource(resource.encode().span, user: user, reader: JSONReader()) == resource)
    }
}

extension Optional {
    /// The value of a test's own constant.
    fileprivate var unsafelyPresent: Wrapped {
        guard let self else { preconditionFailure("a constant of this test is malformed") }
        return self
    }
}
