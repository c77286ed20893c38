import CSystem
import Foundation
import Shared
import Support
import Synchronization
import Testing

@testable import Ingest

@Suite struct `An API key` {
    @Test func `is read as it was written`() throws {
        let key = APIKey()
        let again = try #require(APIKey(key.text[...]))
        #expect(again == key && key.text.count == 52 && key.hint.hasPrefix("tlk_"))
        #expect(APIKey() != key)
    }

    @Test func `is known for misspelt without a look-up`() {
        let key = APIKey().text
        for place in key.indices {
            var other = key
            other[place] = other[place] == 0x41 ? 0x42 : 0x41
            #expect(APIKey(other[...]) == nil)
        }
        #expect(APIKey(key.dropLast()) == nil)
        #expect(APIKey((key + [0x41])[...]) == nil)
    }
}

@Suite struct `The table of API keys` {
    private let database: PrivateDatabase

    init() throws { database = try PrivateDatabase() }

    private func session() throws -> PostgresConnection {
        for migration in Migration.all {
            try database.sql(String(decoding: migration.sql, as: UTF8.self))
        }
        return try PostgresConnection(PostgresOptions(url: database.url, applicationName: "test"))
    }

    @Test func `gives keys to users and takes them back`() throws {
        let session = try session()
        let user = try #require(UserID("svc-1"))
        let made = try APIKeyStore.create(user: user, name: "loader", expiresAt: nil, on: session)
        let now = Timestamp(micros: tl_now_micros())
        let found = try #require(try APIKeyStore.find(made.key.digest, on: session))
        #expect(found.user == user && found.isGood(now: now) && found.id == made.id)
        #expect(try APIKeyStore.revoke(made.id, on: session))
        #expect(try APIKeyStore.revoke(made.id, on: session))
        #expect(try APIKeyStore.find(made.key.digest, on: session)?.isGood(now: now) == false)
        #expect(try !APIKeyStore.revoke(.random(), on: session))
        #expect(try APIKeyStore.find(APIKey().digest, on: session) == nil)
    }

    @Test func `lists keys without telling them`() throws {
        let session = try session()
        let one = try #require(UserID("u1"))
        let two = try #require(UserID("u2"))
        let made = try APIKeyStore.create(user: one, name: "a", expiresAt: TokenBuilder.now, on: session)
        _ = try APIKeyStore.create(user: two, name: "b", expiresAt: nil, on: session)
        #expect(try APIKeyStore.list(on: session).count == 2)
        let record = try #require(try APIKeyStore.list(user: one, on: session).first)
        #expect(record.name == "a" && record.expiresAt == TokenBuilder.now && record.hint == made.key.hint)
        let stored = try database.sql("SELECT * FROM api_keys")
        #expect(!stored.contains(String(decoding: made.key.text, as: UTF8.self)))
    }

    @Test func `answers ingest from threads of its own, and says when it cannot`() async throws {
        let session = try session()
        let user = try #require(UserID("u1"))
        let good = try APIKeyStore.create(user: user, name: "a", expiresAt: nil, on: session).key
        let lookup = try APIKeyLookup(PostgresOptions(url: database.url, applicationName: "test"))
        guard case .key(let identity) = await lookup.find(good.digest),
            case .none = await lookup.find(APIKey().digest)
        else {
            Issue.record("wrong findings")
            return
        }
        #expect(identity.user == user)
        try database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                + "WHERE application_name = 'test' AND datname = current_database()"
        )
        guard case .key = await lookup.find(good.digest) else {
            Issue.record("a session that was cut off is not replaced")
            return
        }
        let nowhere = try APIKeyLookup(
            PostgresOptions(url: "postgresql:///x?host=/nowhere", applicationName: "test"))
        guard case .unavailable = await nowhere.find(good.digest) else {
            Issue.record("nobody can know this")
            return
        }
    }
}

/// A table that says what it is told and counts the questions.
private final class Table {
    var finding: APIKeyCache.Finding
    var questions = 0
    var background: [() async -> Void] = []

    init(_ finding: APIKeyCache.Finding) { self.finding = finding }

    func cache() -> APIKeyCache {
        APIKeyCache(
            ask: { _ in
                self.questions += 1
                return self.finding
            }, spawn: { self.background.append($0) })
    }
}

@Suite struct `The memory of API keys` {
    private let now = TokenBuilder.now
    private let key = APIKey()

    private func good() throws -> APIKeyCache.Finding {
        let user = try #require(UserID("u1"))
        return .key(Identity(user: user, expiresAt: now + .seconds(3600 * 24), source: .apiKey))
    }

    @Test func `asks at first, then no more for five seconds`() async throws {
        let table = Table(try good())
        let cache = table.cache()
        #expect(cache.known(key, now: now) == nil)
        _ = try await cache.lookUp(key) { now }
        #expect(try cache.known(key, now: now + .milliseconds(2499))?.get().user.description == "u1")
        #expect(table.background.isEmpty && table.questions == 1)
        #expect(cache.known(key, now: now + .seconds(5)) == nil)
    }

    @Test func `asks again beside a request when half of the time is over`() async throws {
        let table = Table(try good())
        let cache = table.cache()
        _ = try await cache.lookUp(key) { now }
        _ = cache.known(key, now: now + .seconds(3))
        for task in table.background { await task() }
        #expect(table.questions == 2)
        #expect(try cache.known(key, now: now + .seconds(7))?.get() != nil)
    }

    @Test func `forgets a key within five seconds of its revocation`() async throws {
        let table = Table(try good())
        let cache = table.cache()
        _ = try await cache.lookUp(key) { now }
        table.finding = .none
        _ = cache.known(key, now: now + .seconds(3))
        for task in table.background { await task() }
        guard case .failure(.apiKey) = cache.known(key, now: now + .seconds(3)) else {
            Issue.record("the key is still good")
            return
        }
    }

    @Test func `goes on with good keys through an outage, for an hour`() async throws {
        let table = Table(try good())
        let cache = table.cache()
        _ = try await cache.lookUp(key) { now }
        table.finding = .unavailable
        for seconds in [6, 600, 3500] as [Int64] {
            let later = now + .seconds(seconds)
            #expect(cache.known(key, now: later) == nil)
            #expect(try await cache.lookUp(key) { later }.user.description == "u1")
            #expect(try cache.known(key, now: later + .milliseconds(900))?.get() != nil)
        }
        await #expect(throws: TokenFault.unavailable) {
            _ = try await cache.lookUp(key) { now + .seconds(3601) }
        }
        await #expect(throws: TokenFault.unavailable) { _ = try await cache.lookUp(APIKey()) { now } }
    }

    @Test func `refuses a key past its end`() async throws {
        let table = Table(try good())
        let cache = table.cache()
        await #expect(throws: TokenFault.apiKey) {
            _ = try await cache.lookUp(key) { now + .seconds(3600 * 25) }
        }
    }
}
