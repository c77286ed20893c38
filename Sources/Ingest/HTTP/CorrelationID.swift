internal import CSystem
internal import Shared

/// The `X-Request-Id` of an exchange: the client's own where it is well formed, else 16 hexadecimal digits.
///
/// It only connects an answer with log lines. It is not the id of a mutation.
struct CorrelationID: Sendable {
    private let minted: UInt64
    private let text: ArraySlice<UInt8>?

    /// The client's own text, if a head has it once and well formed; also of a head that is malformed further on.
    init?(client input: Span<UInt8>, _ layout: RequestLayout) {
        guard layout.has(.xRequestID), !layout.isRepeated(.xRequestID) else { return nil }
        let text = Array(input, layout.value(.xRequestID))
        guard Self.isWellFormed(text[...]) else { return nil }
        self.minted = 0
        self.text = text[...]
    }

    init(minted: UInt64) {
        self.minted = minted
        self.text = nil
    }

    /// True for `^[A-Za-z0-9._-]{1,64}$`.
    static func isWellFormed(_ text: ArraySlice<UInt8>) -> Bool {
        guard (1...bytesMax).contains(text.count) else { return false }
        return text.allSatisfy { byte in
            ByteClass.isDigit(byte) || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x2E
                || byte == 0x5F
        }
    }

    static let bytesMax = 64

    /// Appends the id to `bytes`.
    func append(to bytes: inout [UInt8]) { bytes.append(upTo: Self.bytesMax) { append(to: &$0) } }

    @_lifetime(bytes: copy bytes)
    func append(to bytes: inout OutputSpan<UInt8>) {
        if let text { return bytes.append(text.span) }
        unsafe bytes.append(count: 16) { unsafe Hex.writeDigits(of: minted, to: $0) }
    }

    /// The id as bytes, for a log line.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}

/// Mints correlation ids: a counter from a random start, mixed so that neighbours do not look alike.
struct CorrelationSource {
    private var next = UInt64.random(in: 0...UInt64.max)

    mutating func mint() -> CorrelationID {
        next &+= 0x9E37_79B9_7F4A_7C15
        var mixed = next
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return CorrelationID(minted: mixed ^ (mixed >> 31))
    }
}
