internal import COpenSSL

/// Comparisons whose time tells nothing of where two secrets differ.
package enum ConstantTime {
    /// True when both have the same bytes. Only a difference in length shows in the time.
    package static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBufferPointer { a in
            unsafe right.withUnsafeBufferPointer { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return true }
                return unsafe CRYPTO_memcmp(first, second, a.count) == 0
            }
        }
    }

    /// The same for arrays.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { equal(left.span, right.span) }
}
