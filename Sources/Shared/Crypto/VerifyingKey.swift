internal import COpenSSL

/// What a public key is made of, as a JWK tells it; plain values that threads may share.
package enum PublicKey: Hashable, Sendable {
    /// Big-endian, unsigned.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// Coordinates of a point on P-256, 32 bytes each.
    case p256(x: [UInt8], y: [UInt8])
    /// 32 bytes.
    case ed25519([UInt8])
}

/// Why a public key cannot be used.
package enum PublicKeyError: Error, Hashable, Sendable {
    /// Less than 2048 or more than 8192 bits: too weak, or too slow to be a courtesy to strangers.
    case rsaSize(bits: Int)
    /// OpenSSL refuses it: a point off the curve, an even exponent, a wrong number of bytes.
    case invalid
}

/// Checks signatures with one public key, by the one algorithm that belongs to its kind: RSASSA-PKCS1-v1_5 with
/// SHA-256, ECDSA P-256 with SHA-256 (signatures as in JWS: r ‖ s), or Ed25519. One object serves one thread.
@safe package final class VerifyingKey {
    private let key: OpaquePointer
    private let context: OpaquePointer
    private let isECDSA: Bool
    private let isEd25519: Bool

    /// Takes a key that is strong enough and well formed.
    package init(_ material: PublicKey) throws(PublicKeyError) {
        let key =
            switch material {
            case .rsa(let modulus, let exponent): unsafe try KeyImport.rsa(modulus, exponent)
            case .p256(let x, let y): unsafe try KeyImport.p256(x, y)
            case .ed25519(let bytes): unsafe try KeyImport.ed25519(bytes)
            }
        guard let context = unsafe EVP_MD_CTX_new() else {
            unsafe EVP_PKEY_free(key)
            preconditionFailure("out of memory for a signature check")
        }
        unsafe self.key = key
        unsafe self.context = context
        if case .p256 = material { isECDSA = true } else { isECDSA = false }
        if case .ed25519 = material { isEd25519 = true } else { isEd25519 = false }
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
        unsafe EVP_PKEY_free(key)
    }

    /// True when `signature` is this key's over `message`. Malformed signatures are false, not errors.
    package func verifies(_ signature: [UInt8], of message: Span<UInt8>) -> Bool {
        guard isECDSA else { return check(signature, of: message) }
        guard let der = ECDSASignature.der(fromConcatenation: signature) else { return false }
        return check(der, of: message)
    }

    private func check(_ signature: [UInt8], of message: Span<UInt8>) -> Bool {
        // What is left in OpenSSL's queue of errors would be taken for a fault of the next TLS call on this thread.
        defer { ERR_clear_error() }
        unsafe EVP_MD_CTX_reset(context)
        let digest = isEd25519 ? nil : unsafe EVP_sha256()
        guard unsafe EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1 else { return false }
        return unsafe message.withUnsafeBufferPointer { text in
            unsafe signature.withUnsafeBufferPointer { code in
                unsafe EVP_DigestVerify(context, code.baseAddress, code.count, text.baseAddress, text.count)
                    == 1
            }
        }
    }
}
