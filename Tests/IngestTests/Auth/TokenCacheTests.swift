import Shared
import Support
import Testing

@testable import Ingest

@Suite struct `The cache of checked tokens` {
    private func identity(_ user: String, until: Int64 = 900) throws -> Identity {
        let user = try #require(UserID(user))
        return Identity(user: user, expiresAt: TokenBuilder.now + .seconds(until))
    }

    private func token(_ number: Int) -> [UInt8] { TokenBuilder(claims: #"{"sub":"u\#(number)"}"#).bytes }

    @Test func `knows a token by all of its bytes`() throws {
        var cache = TokenCache()
        let known = token(1)
        cache.insert(try identity("u1"), for: known.span)
        #expect(cache.identity(for: known.span, now: TokenBuilder.now)?.user.description == "u1")
        for place in known.indices {
            var other = known
            other[place] ^= 1
            #expect(cache.identity(for: other.span, now: TokenBuilder.now) == nil)
        }
        let cut = Array(known.dropLast())
        #expect(cache.identity(for: cut.span, now: TokenBuilder.now) == nil)
    }

    @Test func `forgets a token at its exp`() throws {
        var cache = TokenCache()
        let known = token(1)
        cache.insert(try identity("u1", until: 10), for: known.span)
        #expect(cache.identity(for: known.span, now: TokenBuilder.now + .microseconds(9_999_999)) != nil)
        #expect(cache.identity(for: known.span, now: TokenBuilder.now + .seconds(10)) == nil)
    }

    @Test func `holds no more than it has room for, and the newest always`() throws {
        var cache = TokenCache(sets: 8)
        for number in 0..<1000 {
            cache.insert(try identity("u\(number)"), for: token(number).span)
            #expect(
                cache.identity(for: token(number).span, now: TokenBuilder.now)?.user.description
                    == "u\(number)")
        }
        let kept = (0..<1000).count { cache.identity(for: token($0).span, now: TokenBuilder.now) != nil }
        #expect((1...64).contains(kept))
    }

    @Test func `does not keep tokens that would fill the memory`() throws {
        var cache = TokenCache()
        let long = [UInt8](repeating: 0x41, count: 2049)
        cache.insert(try identity("u1"), for: long.span)
        #expect(cache.identity(for: long.span, now: TokenBuilder.now) == nil)
    }
}
