/// Mints request and task ids, and tells ids of ours, and whose they are, without a look-up (DESIGN.md §2).
///
/// A request id is a UUIDv7: 48 bits of milliseconds, 42 bits of a counter that starts at a random value in each
/// millisecond, and in the last 32 bits a keyed code of the rest and the user. One object serves one thread.
package final class RequestIDs {
    private let code: ShortCode
    private var lastMilliseconds: Int64 = 0
    private var counter: UInt64 = 0
    private var random: SplitMix64

    /// - Parameters:
    ///   - key: `id_key` of the settings, the same for every daemon of a deployment.
    ///   - seed: where counters start; drawn from the system unless a simulation wants its own.
    package init(key: [UInt8], seed: UInt64 = .random(in: .min ... .max)) {
        // A key of its own, so that nothing that is ever learnt about a code of 32 bits touches the other uses.
        code = ShortCode(key: HMACSHA256(key: key).code(of: Array("request id".utf8)).bytes)
        random = SplitMix64(seed: seed)
    }

    /// A fresh request id of `user`.
    package func mint(for user: UserID, now: Timestamp) -> UUID {
        let bare = next(now: now)
        return UUID(high: bare.high, low: bare.low | UInt64(mac(of: bare, user: user)))
    }

    /// A fresh task id: the same layout, random where a request id has its code.
    package func mintTask(now: Timestamp) -> UUID {
        let bare = next(now: now)
        return UUID(high: bare.high, low: bare.low | random.next() & 0xFFFF_FFFF)
    }

    /// True when this process, or another with the same key, minted `id` for `user`.
    package func isOurs(_ id: UUID, of user: UserID) -> Bool {
        guard id.version == 7, id.low >> 62 == 0b10 else { return false }
        let bare = UUID(high: id.high, low: id.low & ~0xFFFF_FFFF)
        // 32 bits compared as one word: no early exit that would tell a guesser how far it got.
        return mac(of: bare, user: user) == UInt32(truncatingIfNeeded: id.low)
    }

    /// The next id with the last 32 bits zero. Never goes back when the clock does.
    private func next(now: Timestamp) -> UUID {
        let milliseconds = now.micros / 1000
        if milliseconds > lastMilliseconds {
            lastMilliseconds = milliseconds
            // One bit of headroom, so that counting up in one millisecond cannot overflow the 42 bits.
            counter = random.next() & (1 << 41 - 1)
        } else {
            counter += 1
        }
        let high = UInt64(lastMilliseconds) << 16 | 0x7000 | counter >> 30 & 0xFFF
        return UUID(high: high, low: 1 << 63 | (counter & 0x3FFF_FFFF) << 32)
    }

    private func mac(of bare: UUID, user: UserID) -> UInt32 {
        // 12 bytes of the id and 64 of a user at most.
        var message = InlineArray<80, UInt8>(repeating: 0)
        var span = message.mutableSpan
        unsafe span.withUnsafeMutableBytes { room in
            unsafe room.storeBytes(of: bare.high.bigEndian, as: UInt64.self)
            unsafe room.storeBytes(
                of: UInt32(truncatingIfNeeded: bare.low >> 32).bigEndian, toByteOffset: 8, as: UInt32.self)
            unsafe UnsafeMutableRawBufferPointer(rebasing: room[12...]).copyBytes(from: user.bytes)
        }
        let count = 12 + user.bytes.count
        return UInt32(truncatingIfNeeded: code.code(of: message.span.extracting(0..<count)))
    }
}

/// A small generator whose whole history follows from its seed: for counters and simulations, never for secrets.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
