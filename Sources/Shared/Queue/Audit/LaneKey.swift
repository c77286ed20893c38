/// A key of a lane, read back from its bytes: the inverse of `LaneKeys`, for fsck and relane.
package struct LaneKey: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case queue, due, attempts, owner, holder, crashes, alone, count, paused
        case results(ResultWindow)
        case parked(UserID)
        case idempotency(UserID, key: [UInt8])
    }

    package let lane: Lane
    package let kind: Kind

    /// Nil for what no lane has.
    package init?(_ bytes: [UInt8]) {
        let opening = Array("tl:{".utf8)
        guard bytes.starts(with: opening), let end = bytes.firstIndex(of: UInt8(ascii: "}")),
            let number = LaneKey.number(bytes[opening.count..<end])
        else { return nil }
        let lane = Lane(number)
        // Exactly as it is written: `{7}` and `{0007}` are nobody's.
        let prefix = LaneKeys(lane).prefix
        guard bytes.starts(with: prefix), let kind = Kind(bytes[prefix.count...]) else { return nil }
        self.lane = lane
        self.kind = kind
    }

    /// The user whom the key belongs to, where it names one.
    package var user: UserID? {
        switch kind {
        case .parked(let user), .idempotency(let user, _): user
        default: nil
        }
    }

    /// The type that Redis must give it.
    package var type: String {
        switch kind {
        case .queue, .parked: "list"
        case .due: "zset"
        case .attempts, .alone, .count, .results: "hash"
        case .owner, .holder, .crashes, .paused, .idempotency: "string"
        }
    }

    /// Whether it must run out by itself.
    package var expires: Bool {
        switch kind {
        case .owner, .results, .idempotency: true
        default: false
        }
    }

    /// At most nine digits, so that no number of lanes overflows.
    fileprivate static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...9).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}

extension LaneKey.Kind {
    private static let plain: [String: LaneKey.Kind] = [
        "queue": .queue, "due": .due, "attempts": .attempts, "owner": .owner, "holder": .holder,
        "crashes": .crashes, "alone": .alone, "count": .count, "paused": .paused,
    ]

    fileprivate init?(_ rest: ArraySlice<UInt8>) {
        let text = String(decoding: rest, as: UTF8.self)
        if let plain = LaneKey.Kind.plain[text] {
            self = plain
        } else if text.hasPrefix("result:"), let window = ResultWindow(rest.dropFirst(7)) {
            self = .results(window)
        } else if text.hasPrefix("parked:"), let user = UserID([UInt8](rest.dropFirst(7))) {
            self = .parked(user)
        } else if text.hasPrefix("key:") {
            let named = rest.dropFirst(4)
            guard let colon = named.firstIndex(of: UInt8(ascii: ":")),
                let length = LaneKey.number(named[..<colon]), length <= UserID.bytesMax
            else { return nil }
            let tail = named[(colon + 1)...]
            guard tail.count > length, tail[tail.startIndex + length] == UInt8(ascii: ":"),
                let user = UserID([UInt8](tail.prefix(length)))
            else { return nil }
            self = .idempotency(user, key: [UInt8](tail.dropFirst(length + 1)))
        } else {
            return nil
        }
    }
}
