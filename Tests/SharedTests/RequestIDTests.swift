import Shared
import Testing

@Suite struct `Request ids` {
    private let ids = RequestIDs(key: Array(repeating: 7, count: 32), seed: 1)
    private let now = Timestamp(micros: 1_763_000_000_123_456)

    @Test func `are version 7 and carry the millisecond`() throws {
        let id = ids.mint(for: try #require(UserID("u1")), now: now)
        #expect(id.version == 7 && id.low >> 62 == 2)
        #expect(id.milliseconds == 1_763_000_000_123)
    }

    @Test func `ascend, also when the clock goes back`() throws {
        let user = try #require(UserID("u1"))
        var last = ids.mint(for: user, now: now)
        for step in 0..<10_000 {
            let id = ids.mint(for: user, now: Timestamp(micros: now.micros - Int64(step)))
            #expect(last < id)
            last = id
        }
    }

    @Test func `belong to one user`() throws {
        let user = try #require(UserID("u1"))
        let id = ids.mint(for: user, now: now)
        #expect(ids.isOurs(id, of: user))
        #expect(!ids.isOurs(id, of: try #require(UserID("u2"))))
        #expect(!ids.isOurs(UUID(high: id.high, low: id.low ^ 1), of: user))
        #expect(!ids.isOurs(UUID(high: id.high ^ 0x1_0000, low: id.low), of: user))
        #expect(!RequestIDs(key: Array(repeating: 8, count: 32)).isOurs(id, of: user))
    }

    @Test func `of tasks are nobody's request`() throws {
        #expect(!ids.isOurs(ids.mintTask(now: now), of: try #require(UserID("u1"))))
    }
}
