/// What a script is told of its items as a whole.
struct SettleDigest {
    var count = LaneCount()
    var moves = 0
    let results: [ResultRun]
    /// Of what is done and has no result, with a space between.
    var bareIDs: [UInt8] = []

    /// - Parameter kind: of the results that the script writes.
    init(_ items: [SettledItem], _ kind: ResultRun.Kind) {
        results = ResultRun.cut(items, kind)
        for place in items.indices {
            switch items[place].fate {
            case .park: moves += 1
            case .done(let tally):
                count.add(tally)
                guard items[place].result == nil else { continue }
                if !bareIDs.isEmpty { bareIDs.append(UInt8(ascii: " ")) }
                items[place].id.appendText(to: &bareIDs)
            }
        }
    }

    /// For each run its window and its count, then an id and a result for each of them.
    var resultArguments: Int { results.reduce(0) { $0 + 2 + 2 * $1.count } }
}

extension RedisCommands {
    mutating func begin(_ script: RedisScript, keys: [[UInt8]]) {
        add("EVALSHA")
        add(script.digest)
        add(Int64(keys.count))
        for key in keys { add(key) }
    }

    mutating func add(_ count: LaneCount) {
        add(count.succeeded)
        add(count.failed)
        add(count.dead)
    }
}

/// What takes a script's arguments: the command itself, or one argument of it.
protocol ArgumentWriter {
    mutating func add(_ number: Int64)
    mutating func add(_ id: UUID)
    mutating func add(_ text: [UInt8])
}

extension RedisCommands: ArgumentWriter {}
extension MessagePack: ArgumentWriter {}

extension ArgumentWriter {
    mutating func add(_ runs: [ResultRun], of items: [SettledItem]) {
        for run in runs {
            add(run.window.number)
            add(Int64(run.count))
            run.forEach(of: items) { id, result in
                add(id)
                add(result)
            }
        }
    }
}

extension SettleOutcome {
    init(_ reply: RedisReply) throws(QueueError) {
        guard reply.count > 0 else { throw .unexpectedReply }
        switch reply[0].text {
        case "not-owner": self = .notOwner
        case "prefix-changed": self = .prefixChanged
        case "settled":
            guard reply.count >= 2, let depth = reply[1].integer else { throw .unexpectedReply }
            var backlogs: [Backlog] = []
            for place in stride(from: 2, to: reply.count - 1, by: 2) {
                guard let user = reply[place].bytes.flatMap({ UserID($0) }),
                    let depth = reply[place + 1].integer
                else { throw .unexpectedReply }
                backlogs.append(Backlog(user: user, depth: Int(depth)))
            }
            self = .settled(depth: Int(depth), backlogs: backlogs)
        default: throw .unexpectedReply
        }
    }
}
