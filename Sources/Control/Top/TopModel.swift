import Shared

/// What `top` shows: the newest readings, how they went, and what the operator looks at.
struct TopModel {
    enum View: Equatable {
        case lanes
        case lane(Lane)
        case user(String)
        case request(String)
        case help
    }

    enum Order: String, CaseIterable {
        case lag, depth, rate, parked, lane
    }

    /// Seconds that sparklines keep.
    private static let historyCount = 240

    var view = View.lanes
    var order = Order.lag
    var selected = 0
    /// What is being typed, with its question.
    var prompt: (question: String, text: String)?
    private(set) var totals: Totals?
    private(set) var readings: [LaneReading] = []
    private(set) var workers = 0
    var deadLetters: Int?
    private(set) var lag: [Double] = []
    private(set) var accepted: [Double] = []
    private(set) var settled: [Double] = []
    /// Settled mutations a second, by lane.
    private(set) var laneRates: [Double] = []

    /// Takes new readings in.
    mutating func take(_ new: [LaneReading], workers: Int, at now: Timestamp) {
        let fresh = Totals(new, at: now)
        if let totals, readings.count == new.count {
            let rates = fresh.rates(since: totals)
            TopModel.append(rates.accepted, to: &accepted)
            TopModel.append(rates.settled, to: &settled)
            let seconds = max(0.001, Double(now.micros - totals.at.micros) / 1e6)
            laneRates = zip(new, readings).map { Double($0.count.settled - $1.count.settled) / seconds }
        } else {
            laneRates = new.map { _ in 0 }
        }
        TopModel.append(fresh.lagSeconds, to: &lag)
        totals = fresh
        readings = new
        self.workers = workers
    }

    private static func append(_ value: Double, to values: inout [Double]) {
        values.append(value)
        if values.count > historyCount { values.removeFirst() }
    }

    /// The lanes in the chosen order; those with nothing to see come last.
    var sorted: [LaneReading] {
        guard let now = totals?.at else { return [] }
        func rate(_ reading: LaneReading) -> Double {
            laneRates.indices.contains(reading.lane.index) ? laneRates[reading.lane.index] : 0
        }
        return readings.sorted { left, right in
            switch order {
            case .lag: (left.lagSeconds(now), left.waiting) > (right.lagSeconds(now), right.waiting)
            case .depth: left.depth > right.depth
            case .rate: rate(left) > rate(right)
            case .parked: left.parkedDepth > right.parkedDepth
            case .lane: left.lane < right.lane
            }
        }
    }

    /// Answers a key; false when the operator wants to leave.
    mutating func press(_ key: Key, page: Int) -> Bool {
        if prompt != nil { return type(key) }
        switch key {
        case .end, .character("q"): return false
        case .escape, .backspace: view = .lanes
        case .character("?"), .character("h"): view = .help
        case .character("u"): prompt = ("user", "")
        case .character("r"): prompt = ("request", "")
        case .character("l"): prompt = ("lane", "")
        case .up, .character("k"): selected -= 1
        case .down, .character("j"): selected += 1
        case .pageUp: selected -= page
        case .pageDown: selected += page
        case .character("s"):
            let all = Order.allCases
            order = all[((all.firstIndex(of: order) ?? 0) + 1) % all.count]
        case .enter:
            let lanes = sorted
            if view == .lanes, lanes.indices.contains(selected) { view = .lane(lanes[selected].lane) }
        default: break
        }
        selected = max(0, min(selected, readings.count - 1))
        return true
    }

    private mutating func type(_ key: Key) -> Bool {
        guard let prompt else { return true }
        return type(key, question: prompt.question, text: prompt.text)
    }

    private mutating func type(_ key: Key, question: String, text: String) -> Bool {
        switch key {
        case .end: return false
        case .escape: prompt = nil
        case .backspace:
            prompt = (question, String(text.dropLast()))
        case .character(let character) where text.count < 64: prompt = (question, text + String(character))
        case .enter:
            prompt = nil
            guard !text.isEmpty else { return true }
            switch question {
            case "user": view = .user(text)
            case "request": view = .request(text)
            default:
                if let number = Int(text), readings.indices.contains(number) { view = .lane(Lane(number)) }
            }
        default: break
        }
        return true
    }
}
