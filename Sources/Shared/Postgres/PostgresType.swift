/// The types that we exchange with PostgreSQL in binary form; raw values are the server's own numbers for them.
package enum PostgresType: UInt32, Sendable {
    case bool = 16
    case bytea = 17
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case json = 114
    case timestamptz = 1184
    case uuid = 2950
    case jsonb = 3802

    /// The number of the type `self[]`.
    var arrayNumber: UInt32 {
        switch self {
        case .bool: 1000
        case .bytea: 1001
        case .int2: 1005
        case .int4: 1007
        case .text: 1009
        case .int8: 1016
        case .json: 199
        case .timestamptz: 1185
        case .uuid: 2951
        case .jsonb: 3807
        }
    }

    /// Microseconds from 1970 to 2000, where PostgreSQL's clock begins.
    static let epochMicros: Int64 = 946_684_800_000_000

    /// Writes the low `size` bytes of `value`, most significant first.
    @inline(__always)
    @unsafe static func write(_ value: Int64, size: Int, to room: UnsafeMutableRawPointer) {
        let ordered = (value << Int64(64 - 8 * size)).bigEndian
        unsafe withUnsafeBytes(of: ordered) { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe room.copyMemory(from: start, byteCount: size)
        }
    }
}

extension [UInt8] {
    /// Appends the low `size` bytes of `value`, most significant first.
    @inline(__always) mutating func appendNetwork(_ value: Int64, size: Int) {
        unsafe append(count: size) { unsafe PostgresType.write(value, size: size, to: $0) }
    }
}
