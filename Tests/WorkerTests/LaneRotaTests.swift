import Shared
import Testing

@testable import Worker

@Suite struct `The rota of lanes` {
    private static func lanes(_ indices: Int...) -> Set<Lane> { Set(indices.map { Lane($0) }) }

    private static func prefix(_ lane: Int, _ count: Int) -> LanePrefix {
        LanePrefix(lane: Lane(lane), entries: EntryList(Array(repeating: [0], count: count)))
    }

    @Test func `takes deep lanes a few at a time`() {
        var rota = LaneRota()
        for lane in 0..<4 { rota.note(Lane(lane), depth: 1000) }
        let chosen = rota.choose(from: Self.lanes(0, 1, 2, 3), batch: 100)
        #expect(chosen == [PrefixRequest(Lane(0), count: 50), PrefixRequest(Lane(1), count: 50)])
    }

    @Test func `lets lanes take turns`() {
        var rota = LaneRota()
        for lane in 0..<3 { rota.note(Lane(lane), depth: 1000) }
        let turns = (0..<3).map { _ in rota.choose(from: Self.lanes(0, 1, 2), batch: 100).map(\.lane.index) }
        #expect(turns == [[0, 1], [2, 0], [1, 2]])
    }

    @Test func `takes a little of every lane where little is believed to be`() {
        var rota = LaneRota()
        #expect(rota.choose(from: Self.lanes(5, 7, 9), batch: 100).map(\.lane.index) == [5, 7, 9])
    }

    @Test func `gives a lane that is alone the whole batch`() {
        var rota = LaneRota()
        rota.note(Lane(3), depth: 1000)
        #expect(rota.choose(from: Self.lanes(3), batch: 100) == [PrefixRequest(Lane(3), count: 100)])
    }

    @Test func `never takes more than a batch, and begins the next with what it left out`() {
        var rota = LaneRota()
        let all = Self.lanes(0, 1, 2)
        _ = rota.choose(from: all, batch: 10)
        let kept = rota.cut([Self.prefix(0, 6), Self.prefix(1, 6), Self.prefix(2, 6)], to: 10)
        #expect(kept.map(\.entries.count) == [6, 4])
        #expect(rota.choose(from: all, batch: 10).first?.lane == Lane(2))
    }
}
