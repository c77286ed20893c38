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

    package static func < (left: Lane, right: Lane) -> Bool { left.index < right.index }
}

extension Lane: CustomStringConvertible {
    package var description: String { String(decoding: name, as: UTF8.self) }
}

/// CRC16 of the XMODEM kind (polynomial 0x1021, start 0), which Redis Cluster uses for its slots.
package enum CRC16 {
    private static let table: [UInt16] = (0..<256).map { index in
        var crc = UInt16(index) << 8
        for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        return crc
    }

    package static func checksum(_ bytes: Span<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for place in 0..<bytes.count { crc = crc << 8 ^ table[Int(UInt8(crc >> 8) ^ bytes[place])] }
        return crc
    }
}
