internal import COpenSSL

/// Random bytes that nobody can guess: for keys, salts and tokens.
package enum SecureRandom {
    /// `count` bytes. A system without randomness cannot serve anybody: the process ends.
    package static func bytes(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            guard count > 0 else { return }
            let done = unsafe RAND_priv_bytes(buffer.baseAddress, Int32(count))
            precondition(done == 1, "no random bytes: check the system's entropy source")
            filled = count
        }
    }

    /// One random number of 64 bits.
    package static func word() -> UInt64 { bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
