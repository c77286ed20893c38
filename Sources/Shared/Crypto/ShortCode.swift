internal import COpenSSL

/// SipHash-2-4 under one key: 64 bits that nobody can tell from chance without it, for short messages of our own such
/// as ids. HMAC-SHA256 costs twenty times as much (7,700 instructions for an id against 400). One object serves one
/// thread at a time.
@safe package final class ShortCode {
    private let context: OpaquePointer
    private let key: [UInt8]

    package static let keyBytes = 16

    /// - Parameter key: 16 bytes or more, of which the first 16 are used.
    package init(key: [UInt8]) {
        precondition(key.count >= ShortCode.keyBytes, "a SipHash key has 16 bytes")
        guard let context = unsafe Self.newContext() else {
            preconditionFailure("SipHash is not available: check the installation of OpenSSL")
        }
        unsafe self.context = context
        self.key = Array(key.prefix(ShortCode.keyBytes))
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// The code of `message`.
    package func code(of message: Span<UInt8>) -> UInt64 {
        var code: UInt64 = 0
        var written = 0
        // Keyed anew for each message: without a key, OpenSSL 3.0 goes on with the state of the last one.
        let isDone = unsafe message.withUnsafeBufferPointer { bytes in
            unsafe EVP_MAC_init(context, key, key.count, nil) == 1
                && EVP_MAC_update(context, bytes.baseAddress, bytes.count) == 1
                && withUnsafeMutableBytes(of: &code) { output in
                    unsafe EVP_MAC_final(
                        context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &written,
                        output.count)
                        == 1
                }
        }
        precondition(isDone && written == 8, "OpenSSL could not finish a SipHash")
        return code.littleEndian
    }

    private static func newContext() -> OpaquePointer? {
        guard let mac = unsafe EVP_MAC_fetch(nil, "SIPHASH", nil) else { return nil }
        defer { unsafe EVP_MAC_free(mac) }
        guard let context = unsafe EVP_MAC_CTX_new(mac) else { return nil }
        // A literal, whose bytes stay where they are: a parameter keeps only the addresses of its name and value.
        let name = "size" as StaticString
        var size: UInt32 = 8
        let isSet = unsafe withUnsafeMutablePointer(to: &size) { size in
            var parameters = unsafe [
                OSSL_PARAM_construct_uint32(
                    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), size),
                OSSL_PARAM_construct_end(),
            ]
            return unsafe EVP_MAC_CTX_set_params(context, &parameters) == 1
        }
        guard isSet else {
            unsafe EVP_MAC_CTX_free(context)
            return nil
        }
        return unsafe context
    }
}
