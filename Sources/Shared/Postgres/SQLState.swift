/// The five bytes by which PostgreSQL names what went wrong, such as `23505`; the first two are the class.
package struct SQLState: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The five characters in the low 40 bits.
    private let bits: UInt64

    /// Nil unless `text` is five ASCII capitals and digits.
    package init?(_ text: [UInt8]) {
        guard text.count == 5, text.allSatisfy(SQLState.isAllowed) else { return nil }
        bits = text.reduce(0) { $0 << 8 | UInt64($1) }
    }

    package init(stringLiteral text: StaticString) {
        let bytes = text.withUTF8Buffer { unsafe [UInt8]($0) }
        guard let state = SQLState(bytes) else {
            preconditionFailure("an SQLSTATE has five characters: \(text)")
        }
        self = state
    }

    /// True when the state is of the class, such as `"22"`.
    package func isClass(_ name: StaticString) -> Bool {
        let bytes = name.withUTF8Buffer { unsafe [UInt8]($0) }
        precondition(bytes.count == 2, "a class of SQLSTATE has two characters: \(name)")
        return bits >> 24 == UInt64(bytes[0]) << 8 | UInt64(bytes[1])
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
    }
}

extension SQLState: CustomStringConvertible {
    package var description: String {
        let bytes = stride(from: UInt64(32), through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
