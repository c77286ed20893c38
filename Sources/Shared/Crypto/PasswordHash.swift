internal import CArgon2

/// What a password hash costs. Reading one back takes the cost from its text, so that costs may rise later.
package struct PasswordCost: Equatable, Sendable {
    package let memoryKiB: UInt32
    package let passes: UInt32
    package let lanes: UInt32

    package init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// OWASP's first choice of the lighter kind: 19 MiB, two passes, one lane.
    package static let owasp = PasswordCost(memoryKiB: 19456, passes: 2, lanes: 1)
}

/// Argon2id hashes of passwords in their usual text form, `$argon2id$v=19$m=…`. Takes tens of milliseconds and
/// 19 MiB: never on an event loop.
package enum PasswordHash {
    /// A fresh salt and the hash of `password`; nil only when there is no memory for it.
    package static func make(_ password: [UInt8], cost: PasswordCost = .owasp) -> [UInt8]? {
        let salt = SecureRandom.bytes(16)
        let room = argon2_encodedlen(
            cost.passes, cost.memoryKiB, cost.lanes, UInt32(salt.count), 32, Argon2_id)
        var text = [CChar](repeating: 0, count: room)
        let status = unsafe argon2id_hash_encoded(
            cost.passes, cost.memoryKiB, cost.lanes, password, password.count, salt, salt.count, 32, &text,
            text.count)
        guard status == ARGON2_OK.rawValue else { return nil }
        return text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }

    /// True when `password` is the one that `hash` was made of. Takes the same time whether or not it is.
    package static func matches(_ password: [UInt8], hash: [UInt8]) -> Bool {
        let text = hash.map { CChar(bitPattern: $0) } + [0]
        return unsafe argon2id_verify(text, password, password.count) == ARGON2_OK.rawValue
    }
}
