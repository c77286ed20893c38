/// Results of one lane that go into one hash with one command.
struct ResultRun {
    /// Which of the results.
    enum Kind {
        case any
        /// Those that nothing can change any more.
        case final
        case changing
    }

    /// Lua unpacks the values of a command onto its stack, which takes fewer than 8,000.
    static let countMax = 1000

    let window: ResultWindow
    /// The items among which they are; those of another kind, or without a result, are passed over.
    private(set) var items: Range<Int>
    private(set) var count: Int
    private let kind: Kind

    /// The runs of `items`, in order. Neighbours are of one window, but where two clocks differ.
    static func cut(_ items: [SettledItem], _ kind: Kind) -> [ResultRun] {
        var runs: [ResultRun] = []
        for place in items.indices where kind.takes(items[place]) {
            let window = ResultWindow(of: items[place].id)
            if let last = runs.indices.last, runs[last].window == window, runs[last].count < countMax {
                runs[last].items = runs[last].items.lowerBound..<place + 1
                runs[last].count += 1
            } else {
                runs.append(ResultRun(window: window, items: place..<place + 1, count: 1, kind: kind))
            }
        }
        return runs
    }

    /// Calls `body` with each request and its result.
    func forEach(of items: [SettledItem], _ body: (UUID, [UInt8]) -> Void) {
        for place in self.items where kind.takes(items[place]) {
            if let result = items[place].result { body(items[place].id, result) }
        }
    }
}

extension ResultRun.Kind {
    fileprivate func takes(_ item: SettledItem) -> Bool {
        guard item.result != nil else { return false }
        return switch self {
        case .any: true
        case .final: item.isFinal
        case .changing: !item.isFinal
        }
    }
}

/// The results of a settle that need no proof of the lease, as whoever writes them writes the same: commands of their
/// own, two for each lane and window.
struct ResultWrites {
    private(set) var writes: [(batch: Int, run: ResultRun)] = []

    init(_ batches: [SettleBatch]) {
        writes.reserveCapacity(batches.count)
        for place in batches.indices {
            for run in ResultRun.cut(batches[place].items, .final) { writes.append((place, run)) }
        }
    }

    /// Each is written and given its expiry.
    var commandCount: Int { writes.count * 2 }
}
