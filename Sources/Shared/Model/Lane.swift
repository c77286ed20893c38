/// One queue of mutations, by number. A user's mutations all go to one lane, which gives their order for free.
package struct Lane: Hashable, Sendable, Comparable {
    package let index: Int

    /// - Parameter index: 0 and up; a negative one is a bug.
    package init(_ index: Int) {
        precondition(index >= 0, "a lane is numbered from 0")
        self.index = index
    }

    /// The lane of `user` among `lanes` (DESIGN.md §1).
    package init(of user: UserID, lanes: Int) {
        self.init(Int(CRC16.checksum(user.bytes.span)) % lanes)
    }

    /// The number in at least three digits, as keys and metrics write it.
    package var name: [UInt8] {
        let digits = Array(String(index).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: max(0, 3 - digits.count)) + digits
    }

    /// Reads a name; nil for anything else.
    package init?(name: Span<UInt8>) {
        guard (1...6).contains(name.count) else { return nil }
        var index = 0
        for place in name.indices {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(name[place]) else { return nil }
            index = index * 10 + Int(name[place] - UInt8(ascii: "0"))
        }
        self.init(index)
    }

    package static func < (left: Lane, right: Lane) -> Bool { left.index < right.index }
}

extension Lane: CustomStringConvertible {
    package var description: String { String(decoding: name, as: UTF8.self) }
}

/// CRC16 of the XMODEM kind (polynomial 0x1021, start 0), which Redis Cluster uses for its slots.
package enum CRC16 {
    package static func checksum(_ bytes: Span<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for place in 0..<bytes.count {
            // What the eight steps of this polynomial come to, without a table: it has but four terms.
            var high = crc >> 8 ^ UInt16(bytes[place])
            high ^= high >> 4
            crc = crc << 8 ^ high << 12 ^ high << 5 ^ high
        }
        return crc
    }
}
