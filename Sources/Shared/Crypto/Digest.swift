internal import COpenSSL

/// 32 bytes that SHA-256 or HMAC-SHA256 made. Compared in constant time, so that a code may be checked with `==`.
@safe package struct Digest: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The size of every digest, in bytes.
    package static let byteCount = 32

    /// Lets `fill` write the 32 bytes.
    init(filledBy fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        unsafe withUnsafeMutableBytes(of: &words) { bytes in
            unsafe bytes.withMemoryRebound(to: UInt8.self) { octets in
                guard let first = octets.baseAddress else { return }
                unsafe fill(first)
            }
        }
    }

    /// Takes 32 bytes that were stored; nil for any other number of bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        unsafe withUnsafeMutableBytes(of: &words) { target in
            for index in bytes.indices { unsafe target[index] = bytes[index] }
        }
    }

    /// The digest's bytes, in order.
    package var bytes: [UInt8] { unsafe withUnsafeBytes(of: words) { octets in unsafe [UInt8](octets) } }

    /// Lends the 32 bytes to `body`.
    package func withBytes<Value, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let copy = words
        return try unsafe withUnsafeBytes(of: copy) { octets throws(Failure) -> Value in
            try unsafe body(octets.bindMemory(to: UInt8.self).span)
        }
    }

    package static func == (left: Digest, right: Digest) -> Bool {
        let (a, b) = (left.words, right.words)
        return (a.0 ^ b.0) | (a.1 ^ b.1) | (a.2 ^ b.2) | (a.3 ^ b.3) == 0
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// SHA-256 of bytes that are all there.
package enum SHA256 {
    /// Never fails: OpenSSL's SHA-256 has no error but being out of memory, which ends the process.
    package static func hash(_ bytes: Span<UInt8>) -> Digest {
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe Digest { output in
                let done = unsafe EVP_Q_digest(
                    nil, "SHA256", nil, input.baseAddress, input.count, output, nil)
                precondition(done == 1, "SHA-256 is not available: check the installation of OpenSSL")
            }
        }
    }

    /// The same for bytes in an array.
    package static func hash(_ bytes: [UInt8]) -> Digest { hash(bytes.span) }
}
