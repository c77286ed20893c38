internal import COpenSSL

/// HMAC-SHA256 under one key. The context is keyed once and started again for each message (3× the speed of the
/// one-shot call), so an object serves one thread at a time: each loop makes its own.
@safe package final class HMACSHA256 {
    private let context: OpaquePointer

    /// - Parameter key: any number of bytes; what is short is the caller's to refuse.
    package init(key: Span<UInt8>) {
        guard let context = unsafe Self.newContext() else {
            preconditionFailure("HMAC is not available: check the installation of OpenSSL")
        }
        unsafe self.context = context
        // A nil key means "the key of before" to OpenSSL, so an empty one still needs an address.
        let keyed = unsafe key.withUnsafeBufferPointer { bytes in
            var none: UInt8 = 0
            guard let first = bytes.baseAddress else { return unsafe EVP_MAC_init(context, &none, 0, nil) }
            return unsafe EVP_MAC_init(context, first, bytes.count, nil)
        }
        precondition(keyed == 1, "OpenSSL refused an HMAC key")
    }

    /// The same for a key in an array.
    package convenience init(key: [UInt8]) { self.init(key: key.span) }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// The code of `message`.
    package func code(of message: Span<UInt8>) -> Digest {
        var coder = Coder(self)
        coder.update(message)
        return coder.finish()
    }

    /// The same for a message in an array.
    package func code(of message: [UInt8]) -> Digest { code(of: message.span) }

    /// The code of `first` ‖ `second`, without joining them.
    package func code(of first: Span<UInt8>, then second: Span<UInt8>) -> Digest {
        var coder = Coder(self)
        coder.update(first)
        coder.update(second)
        return coder.finish()
    }

    private static func newContext() -> OpaquePointer? {
        guard let mac = unsafe EVP_MAC_fetch(nil, "HMAC", nil) else { return nil }
        defer { unsafe EVP_MAC_free(mac) }
        guard let context = unsafe EVP_MAC_CTX_new(mac) else { return nil }
        // Literals, whose bytes stay where they are: a parameter keeps only the addresses of its name and value.
        let (name, digest) = ("digest" as StaticString, "SHA256" as StaticString)
        let value = unsafe UnsafeMutableRawPointer(mutating: digest.utf8Start)
        var parameters = unsafe [
            OSSL_PARAM_construct_utf8_string(
                UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                value.assumingMemoryBound(to: CChar.self), 0),
            OSSL_PARAM_construct_end(),
        ]
        let named = unsafe EVP_MAC_CTX_set_params(context, &parameters)
        guard named == 1 else {
            unsafe EVP_MAC_CTX_free(context)
            return nil
        }
        return unsafe context
    }

    /// One message on its way through the context.
    private struct Coder {
        private let owner: HMACSHA256

        init(_ owner: HMACSHA256) {
            self.owner = owner
            let started = unsafe EVP_MAC_init(owner.context, nil, 0, nil)
            precondition(started == 1, "OpenSSL could not start an HMAC again")
        }

        mutating func update(_ bytes: Span<UInt8>) {
            let taken = unsafe bytes.withUnsafeBufferPointer { input in
                unsafe EVP_MAC_update(owner.context, input.baseAddress, input.count)
            }
            precondition(taken == 1, "OpenSSL could not go on with an HMAC")
        }

        mutating func finish() -> Digest {
            unsafe Digest { output in
                var written = 0
                let done = unsafe EVP_MAC_final(owner.context, output, &written, Digest.byteCount)
                precondition(done == 1 && written == Digest.byteCount, "OpenSSL could not finish an HMAC")
            }
        }
    }
}
