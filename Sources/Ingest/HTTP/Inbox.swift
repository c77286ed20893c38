/// Bytes that have arrived and that nobody could use yet. Empty ones hold no memory.
struct Inbox {
    /// The bytes from `start` on are still to be used.
    private(set) var bytes: [UInt8] = []
    private(set) var start = 0

    var isEmpty: Bool { bytes.isEmpty }
    var count: Int { bytes.count - start }

    /// Keeps the bytes of `input` from `place` on.
    mutating func append(_ input: Span<UInt8>, from place: Int) {
        guard place < input.count else { return }
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(input, place..<input.count)
    }

    /// Forgets the first `count` bytes, without moving the others.
    mutating func drop(_ count: Int) {
        start += count
        if start == bytes.count { clear() }
    }

    /// Gives all bytes away.
    mutating func takeAll() -> [UInt8] {
        let taken = start == 0 ? bytes : Array(bytes[start...])
        clear()
        return taken
    }

    mutating func clear() {
        bytes = []
        start = 0
    }
}
