import Shared
import Testing

@testable import Ingest

@Suite struct `What was done lately` {
    /// A request that was made at a time in milliseconds.
    private func request(_ milliseconds: Int64, _ number: UInt64 = 0) -> UUID {
        UUID(high: UInt64(milliseconds) << 16 | 0x7000, low: number)
    }

    @Test func `is known of requests that were made after it began to listen`() {
        var recent = RecentlyDone()
        recent.isOfUse(now: 1000)
        let early = recent.remembers(isEarly: false, now: 1000)
        recent.begin()
        #expect(!recent.wouldHold(request(2000)))
        let later = recent.remembers(isEarly: false, now: 1500)
        #expect(!early && later)
        recent.add(request(1501))
        #expect(recent.wouldHold(request(1501)) && recent.holds(request(1501)))
        #expect(recent.wouldHold(request(1502)) && !recent.holds(request(1502)))
        #expect(!recent.wouldHold(request(1500)))
    }

    @Test func `is forgotten after a while, and nothing is said of that time any more`() {
        var recent = RecentlyDone()
        recent.begin()
        for second in stride(from: Int64(0), through: 20_000, by: 1000) {
            recent.isOfUse(now: second)
            let remembers = recent.remembers(isEarly: false, now: second)
            #expect(remembers)
            recent.add(request(second + 1))
            #expect(recent.wouldHold(request(second + 1)) && recent.holds(request(second + 1)))
            for earlier in stride(from: Int64(0), through: second, by: 1000) {
                #expect(!recent.wouldHold(request(earlier + 1)) || recent.holds(request(earlier + 1)))
            }
            if second >= 6000 { #expect(!recent.holds(request(second - 5999))) }
        }
    }

    @Test func `is bounded`() {
        var recent = RecentlyDone()
        recent.begin()
        recent.isOfUse(now: 0)
        for number in 0..<200_000 {
            let now = Int64(number / 1000)
            guard recent.remembers(isEarly: false, now: now) else { return #expect(Bool(false), "listens") }
            recent.add(request(now, UInt64(number)))
        }
        #expect(!recent.holds(request(0, 0)) && !recent.wouldHold(request(0, 0)))
        #expect(recent.holds(request(199, 199_999)))
    }

    @Test func `is nothing once the subscription is lost, or nobody has waited for long`() {
        var recent = RecentlyDone()
        recent.begin()
        recent.isOfUse(now: 0)
        var seen = [recent.remembers(isEarly: false, now: 1)]
        recent.end()
        #expect(!recent.wouldHold(request(5)))
        seen.append(recent.remembers(isEarly: false, now: 5))
        recent.begin()
        seen.append(recent.remembers(isEarly: false, now: 6))
        seen.append(recent.remembers(isEarly: false, now: 20_000))
        #expect(seen == [true, false, true, false])
        #expect(!recent.wouldHold(request(20_001)))
    }

    @Test func `keeps what is told early even where nobody waits, and then vouches for nothing else`() {
        var recent = RecentlyDone()
        recent.begin()
        var kept = [recent.remembers(isEarly: true, now: 50_000)]
        recent.add(request(49_999))
        #expect(recent.holds(request(49_999)) && recent.wouldHold(request(50_001)))
        kept.append(recent.remembers(isEarly: false, now: 50_010))
        #expect(kept == [true, false])
        #expect(recent.holds(request(49_999)) && !recent.wouldHold(request(50_020)))
        for second in Int64(51)...60 { kept.append(recent.remembers(isEarly: true, now: second * 1000)) }
        #expect(!recent.holds(request(49_999)) && !kept.dropFirst(2).contains(false))
    }
}
