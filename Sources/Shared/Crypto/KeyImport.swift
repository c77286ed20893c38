internal import COpenSSL

/// Makes OpenSSL keys of the numbers in a JWK, and checks them. The caller frees what it gets.
enum KeyImport {
    /// EVP_PKEY_PUBLIC_KEY: a macro of macros that Swift does not see.
    private static let publicParts =
        OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS
        | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS

    static func rsa(_ modulus: [UInt8], _ exponent: [UInt8]) throws(PublicKeyError) -> OpaquePointer {
        guard modulus.count <= 1025, exponent.count <= 8 else { throw .rsaSize(bits: modulus.count * 8) }
        let numbers = unsafe (number(modulus), number(exponent))
        defer {
            unsafe BN_free(numbers.0)
            unsafe BN_free(numbers.1)
        }
        // With an exponent of 1 every message is its own signature.
        guard unsafe BN_is_odd(numbers.1) == 1, unsafe BN_is_one(numbers.1) == 0 else { throw .invalid }
        let key = unsafe try build("RSA") { builder in
            guard unsafe OSSL_PARAM_BLD_push_BN(builder, lasting("n"), numbers.0) == 1 else { return false }
            return unsafe OSSL_PARAM_BLD_push_BN(builder, lasting("e"), numbers.1) == 1
        }
        let bits = unsafe Int(EVP_PKEY_get_bits(key))
        guard (2048...8192).contains(bits) else {
            unsafe EVP_PKEY_free(key)
            throw .rsaSize(bits: bits)
        }
        return unsafe key
    }

    static func p256(_ x: [UInt8], _ y: [UInt8]) throws(PublicKeyError) -> OpaquePointer {
        guard x.count == 32, y.count == 32 else { throw .invalid }
        let point = [0x04] + x + y
        let key = unsafe try point.withUnsafeBufferPointer { bytes throws(PublicKeyError) in
            unsafe try build("EC") { builder in
                guard
                    unsafe OSSL_PARAM_BLD_push_utf8_string(
                        builder, lasting("group"), lasting("prime256v1"), 0) == 1
                else { return false }
                return unsafe OSSL_PARAM_BLD_push_octet_string(
                    builder, lasting("pub"), bytes.baseAddress, bytes.count) == 1
            }
        }
        defer { ERR_clear_error() }
        let check = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil)
        defer { unsafe EVP_PKEY_CTX_free(check) }
        guard unsafe EVP_PKEY_public_check(check) == 1 else {
            unsafe EVP_PKEY_free(key)
            throw .invalid
        }
        return unsafe key
    }

    static func ed25519(_ bytes: [UInt8]) throws(PublicKeyError) -> OpaquePointer {
        defer { ERR_clear_error() }
        guard bytes.count == 32,
            let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count)
        else { throw .invalid }
        return unsafe key
    }

    /// OpenSSL keeps the addresses of parameters' names until the key is made: Swift's bridged strings are gone by then.
    private static func lasting(_ name: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static func number(_ bytes: [UInt8]) -> OpaquePointer? {
        unsafe bytes.withUnsafeBufferPointer { unsafe BN_bin2bn($0.baseAddress, Int32($0.count), nil) }
    }

    /// Collects parameters with `push` and makes a public key of them; `push` says whether all went in.
    private static func build(
        _ kind: String, _ push: (OpaquePointer) -> Bool
    ) throws(PublicKeyError) -> OpaquePointer {
        defer { ERR_clear_error() }
        guard let builder = unsafe OSSL_PARAM_BLD_new() else { throw .invalid }
        defer { unsafe OSSL_PARAM_BLD_free(builder) }
        guard unsafe push(builder), let parameters = unsafe OSSL_PARAM_BLD_to_param(builder) else {
            throw .invalid
        }
        defer { unsafe OSSL_PARAM_free(parameters) }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, kind, nil) else { throw .invalid }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_fromdata_init(context) == 1,
            unsafe EVP_PKEY_fromdata(context, &key, publicParts, parameters) == 1,
            let made = unsafe key
        else { throw .invalid }
        return unsafe made
    }
}
