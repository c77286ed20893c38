/// SipHash-2-4 under one key: 64 bits that nobody can tell from chance without it, for short messages of our own such
/// as ids. HMAC-SHA256 costs eighty times as much.
///
/// Written here, as no step of it depends on a secret: additions, rotations and XORs alone. OpenSSL's takes a thousand
/// instructions for an id, nearly all of them to set its context up; this takes two hundred.
package struct ShortCode: Sendable {
    /// The state that the key begins each message with.
    private let start: SipState

    package static let keyBytes = 16

    /// - Parameter key: 16 bytes or more, of which the first 16 are used.
    package init(key: [UInt8]) {
        precondition(key.count >= ShortCode.keyBytes, "a SipHash key has 16 bytes")
        start = SipState(ShortCode.word(key.span, at: 0), ShortCode.word(key.span, at: 8))
    }

    /// The code of `message`.
    package func code(of message: Span<UInt8>) -> UInt64 {
        var state = start
        var place = 0
        while place + 8 <= message.count {
            state.take(ShortCode.word(message, at: place))
            place += 8
        }
        // The bytes that are left, the first lowest, below the length.
        var rest = UInt64(message.count & 0xFF)
        for _ in 0..<7 - (message.count - place) { rest <<= 8 }
        for byte in stride(from: message.count - 1, through: place, by: -1) {
            rest = rest << 8 | UInt64(message[byte])
        }
        state.take(rest)
        return state.finish()
    }

    /// Eight bytes, the first lowest.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at place: Int) -> UInt64 {
        precondition(place >= 0 && place + 8 <= bytes.count, "out of bounds")
        return unsafe bytes.withUnsafeBytes {
            unsafe UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        }
    }
}

/// The four words that SipHash stirs, with the names of its paper (Aumasson and Bernstein, 2012).
private struct SipState {
    private var v0, v1, v2, v3: UInt64

    init(_ k0: UInt64, _ k1: UInt64) {
        v0 = k0 ^ 0x736F_6D65_7073_6575
        v1 = k1 ^ 0x646F_7261_6E64_6F6D
        v2 = k0 ^ 0x6C79_6765_6E65_7261
        v3 = k1 ^ 0x7465_6462_7974_6573
    }

    mutating func take(_ word: UInt64) {
        v3 ^= word
        stir()
        stir()
        v0 ^= word
    }

    mutating func finish() -> UInt64 {
        v2 ^= 0xFF
        for _ in 0..<4 { stir() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func stir() {
        v0 &+= v1
        v1 = v1.rotated(13) ^ v0
        v0 = v0.rotated(32)
        v2 &+= v3
        v3 = v3.rotated(16) ^ v2
        v0 &+= v3
        v3 = v3.rotated(21) ^ v0
        v2 &+= v1
        v1 = v1.rotated(17) ^ v2
        v2 = v2.rotated(32)
    }
}

extension UInt64 {
    @inline(__always)
    fileprivate func rotated(_ bits: UInt64) -> UInt64 { self &<< bits | self &>> (64 - bits) }
}
