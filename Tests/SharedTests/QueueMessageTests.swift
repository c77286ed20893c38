import Shared
import Testing

@Suite struct `Messages about lanes` {
    private func parts(_ text: String) -> [String] {
        var parts: [String] = []
        let bytes = Array(text.utf8)
        DoneNotice.read(bytes.span) { part in
            switch part {
            case .lane(let lane): parts.append("lane \(lane.index)")
            case .done(let id): parts.append("done \(id)")
            case .resource(let id, let place):
                parts.append("\(id) \(String(decoding: bytes[place], as: UTF8.self))")
            }
        }
        return parts
    }

    private let one = UUID(high: 1, low: 2)
    private let two = UUID(high: 3, low: 4)

    private func item(_ id: UUID, _ fate: SettledItem.Fate = .done(.succeeded)) -> SettledItem {
        SettledItem(id: id, fate: fate, result: nil)
    }

    @Test func `a notice names what is done of each lane, and nothing of a lane where that is nothing`()
        throws
    {
        let user = try #require(UserID("u"))
        var notice = DoneNotice()
        notice.add([item(one, .park(user))], of: LaneKeys(Lane(3)))
        notice.add([item(one), item(two, .park(user))], of: LaneKeys(Lane(7)))
        notice.add([item(two)], of: LaneKeys(Lane(1234)))
        let text = String(decoding: notice.text, as: UTF8.self)
        #expect(text == "007 \(one) 1234 \(two)")
        #expect(parts(text) == ["lane 7", "done \(one)", "lane 1234", "done \(two)"])
    }

    @Test func `a notice may have resources, spaces and all, of what has one`() throws {
        func item(_ id: UUID, _ text: String?, _ fate: SettledItem.Fate = .done(.failed)) -> SettledItem {
            SettledItem(id: id, fate: fate, result: text.map { Array($0.utf8) })
        }
        let user = try #require(UserID("u"))
        let texts = [#"{"id":"\#(one)","title":"a b {"}"#, #"{"id":"\#(two)"}"#]
        var notice = DoneNotice()
        notice.addResources([item(one, nil), item(two, texts[1], .park(user))], of: LaneKeys(Lane(3)))
        notice.addResources([item(one, texts[0]), item(two, texts[1])], of: LaneKeys(Lane(7)))
        notice.addResources([item(two, texts[1])], of: LaneKeys(Lane(1234)))
        #expect(
            parts(String(decoding: notice.text, as: UTF8.self)) == [
                "lane 7", "\(one) \(texts[0])", "\(two) \(texts[1])", "lane 1234", "\(two) \(texts[1])",
            ])
    }

    @Test func `a notice may say that it comes before the settle`() {
        for isEarly in [true, false] {
            var notice = DoneNotice(isEarly: isEarly)
            notice.add([item(one)], of: LaneKeys(Lane(7)))
            let told = DoneNotice.isEarly(notice.text.span)
            #expect(told == isEarly)
            #expect(parts(String(decoding: notice.text, as: UTF8.self)) == ["lane 7", "done \(one)"])
        }
        let nothing: [UInt8] = []
        let told = DoneNotice.isEarly(nothing.span)
        #expect(!told)
    }

    @Test func `what is no part of a notice is passed over`() {
        #expect(parts("") == [])
        #expect(parts("  x \(one)x 1234567 -1 \(two) 5") == ["done \(two)", "lane 5"])
        #expect(parts(#"007 {"id":"x"} 5"#) == ["lane 7"])
        #expect(parts("007 {\n\n \(two)") == ["lane 7", "done \(two)"])
    }

    @Test func `a bell names lanes`() {
        #expect(Bell.ring([LaneKeys(Lane(0)), LaneKeys(Lane(255))]).count == 3)
        func lanes(_ text: String) -> [Int] {
            var lanes: [Int] = []
            Bell.read(Array(text.utf8).span) { lanes.append($0.index) }
            return lanes
        }
        #expect(lanes("000 255 1000") == [0, 255, 1000])
        #expect(lanes(" x 12x -1 99999999999999999999 4") == [4])
    }
}
