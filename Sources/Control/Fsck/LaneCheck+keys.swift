import Shared

extension LaneCheck {
    /// What a key of a lane may be called, and its type.
    private static let types: [String: String] = [
        "queue": "list", "due": "zset", "attempts": "hash", "owner": "string", "holder": "string",
        "crashes": "string", "alone": "hash", "count": "hash", "paused": "string",
    ]

    /// One pass over all keys of ours: names, types, ends, parked lists that nobody is due for.
    mutating func lookForStrangers() throws(CommandFailure) {
        var cursor = "0"
        repeat {
            let reply = try lanes.ask("SCAN", .text(cursor), "MATCH", "tl:*", "COUNT", 1000)
            cursor = reply[0].text ?? "0"
            let keys = reply[1].elements.compactMap(\.bytes)
            let facts = try lanes.askAll(
                keys.flatMap { [["TYPE", .bytes($0)], ["TTL", .bytes($0)]] as [[RedisArgument]] })
            for (place, key) in keys.enumerated() {
                try check(
                    key, type: facts[place * 2].text ?? "", secondsLeft: facts[place * 2 + 1].integer ?? -2)
            }
        } while cursor != "0"
    }

    private mutating func check(_ key: [UInt8], type: String, secondsLeft: Int64) throws(CommandFailure) {
        // It ended between SCAN and TYPE.
        guard type != "none" else { return }
        let name = String(decoding: key, as: UTF8.self)
        if name == "tl:workers" || name == "tl:meta" { return check(name, type, is: "hash") }
        let parts = LaneCheck.split(name)
        // What relane leaves behind ends by itself.
        if let parts, parts.lane >= lanes.count, secondsLeft >= 0 { return }
        guard let (lane, rest) = parts, lane < lanes.count else {
            return add(
                Readable.printable(name), "a key that Tasklane \(lanes.count)-lane deployments do not have",
                "another number of lanes before? look at it with redis-cli, then delete it by hand",
                isWrong: false)
        }
        if let wanted = LaneCheck.types[rest] { return check(name, type, is: wanted) }
        if rest.hasPrefix("result:") || rest.hasPrefix("key:") {
            check(name, type, is: rest.hasPrefix("key:") ? "string" : "hash")
            guard secondsLeft == -1 else { return }
            add(name, "has no end, so that it would stay for ever", "--repair lets it end in a day")
            guard repairs else { return }
            _ = try lanes.ask("EXPIRE", .bytes(key), 86400)
            return noteRepair()
        }
        if rest.hasPrefix("parked:") {
            check(name, type, is: "list")
            return try checkParkedList(key, lane)
        }
        add(
            Readable.printable(name), "a key of no known kind", "a newer Tasklane? else delete it by hand",
            isWrong: false)
    }

    private mutating func check(_ name: String, _ type: String, is wanted: String) {
        guard type != wanted else { return }
        add(
            Readable.printable(name), "is a \(type) instead of a \(wanted)",
            "nothing of ours writes that: look at it with redis-cli, rename it out of the way")
    }

    /// A parked user's list without a time to retry it would stay for ever.
    private mutating func checkParkedList(_ key: [UInt8], _ lane: Int) throws(CommandFailure) {
        let keys = lanes.keys[lane]
        let user = Array(key.dropFirst(keys.parkedPrefix.count))
        guard try lanes.ask("ZSCORE", .bytes(keys.due), .bytes(user)).isNull else { return }
        // Settled to the end between SCAN and here.
        guard try lanes.ask("EXISTS", .bytes(key)).integer == 1 else { return }
        let shown = Readable.printable(String(decoding: user, as: UTF8.self))
        add(
            "lane \(Lane(lane))", "\(shown) has mutations parked and is never due",
            "--repair makes the user due now")
        try mend(user, keys)
    }

    /// Judged again and mended in one script: workers go on parking and settling meanwhile.
    mutating func mend(_ user: [UInt8], _ keys: LaneKeys) throws(CommandFailure) {
        guard repairs else { return }
        do throws(RedisError) {
            _ = try lanes.redis.run(
                LaneScript.mendParked,
                keys: [.bytes(keys.parkedPrefix + user), .bytes(keys.due), .bytes(keys.attempts)],
                [.bytes(user), .number(Lanes.now.micros / 1000)])
        } catch { throw CommandFailure(error) }
        noteRepair()
    }

    /// `tl:{007}:queue` as 7 and `queue`.
    private static func split(_ name: String) -> (lane: Int, rest: String)? {
        guard name.hasPrefix("tl:{"), let brace = name.firstIndex(of: "}") else { return nil }
        let digits = name[name.index(name.startIndex, offsetBy: 4)..<brace]
        let rest = name[name.index(after: brace)...]
        guard let lane = Int(digits), rest.hasPrefix(":") else { return nil }
        return (lane, String(rest.dropFirst()))
    }
}
