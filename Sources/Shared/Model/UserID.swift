internal import Glibc

/// An owner of tasks: opaque text of 1–64 bytes of `[A-Za-z0-9_.:@-]`, compared as bytes (API.md §1).
package struct UserID: Hashable, Sendable {
    package let bytes: [UInt8]

    package static let bytesMax = 64

    /// Nil when the text breaks the rule, or is one of the words that routes use.
    package init?(_ bytes: [UInt8]) {
        guard UserID.isWellFormed(bytes.span) else { return nil }
        self.bytes = bytes
    }

    /// True for what can be a user's id.
    package static func isWellFormed(_ text: Span<UInt8>) -> Bool {
        guard (1...UserID.bytesMax).contains(text.count) else { return false }
        for place in 0..<text.count where !isAllowed(text[place]) { return false }
        return !isReserved(text)
    }

    package init?(_ text: String) { self.init(Array(text.utf8)) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
            UInt8(ascii: "@"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isReserved(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count <= 8 else { return false }
        return bytes.isEqual(to: "requests") || bytes.isEqual(to: "users") || bytes.isEqual(to: "auth")
            || bytes.isEqual(to: "ops")
    }
}

extension UserID: CustomStringConvertible {
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension Span<UInt8> {
    /// True when these are exactly the bytes of `text`.
    @usableFromInline
    package func isEqual(to text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        guard count > 0 else { return true }
        // Both have an address: neither is empty.
        return unsafe withUnsafeBytes { unsafe memcmp($0.baseAddress!, text.utf8Start, $0.count) == 0 }
    }

    /// True when both hold the same bytes.
    package func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard count > 0 else { return true }
        return unsafe withUnsafeBytes { ours in
            unsafe other.withUnsafeBytes { theirs in
                // Both have an address: neither is empty.
                unsafe memcmp(ours.baseAddress!, theirs.baseAddress!, ours.count) == 0
            }
        }
    }

    /// A copy of the bytes.
    package var array: [UInt8] { unsafe withUnsafeBufferPointer { unsafe [UInt8]($0) } }
}
