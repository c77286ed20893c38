import Shared
import Testing

@Suite struct `A verifying key` {
    private func fault(_ material: PublicKey) -> PublicKeyError? {
        do throws(PublicKeyError) {
            _ = try VerifyingKey(material)
            return nil
        } catch { return error }
    }

    private let modulus = [UInt8](repeating: 0xC5, count: 256)

    @Test func `has at least 2048 bits when it is RSA`() {
        #expect(fault(.rsa(modulus: modulus, exponent: [1, 0, 1])) == nil)
        #expect(
            fault(.rsa(modulus: [UInt8](repeating: 0xC5, count: 128), exponent: [1, 0, 1]))
                == .rsaSize(bits: 1024))
        #expect(
            fault(.rsa(modulus: [0x7F] + modulus.dropFirst(), exponent: [1, 0, 1])) == .rsaSize(bits: 2047))
    }

    @Test func `does not count leading zeros as bits`() {
        let padded = [UInt8](repeating: 0, count: 128) + [UInt8](repeating: 0xC5, count: 128)
        #expect(fault(.rsa(modulus: padded, exponent: [1, 0, 1])) == .rsaSize(bits: 1024))
    }

    @Test func `is not so large that checking it is an attack`() {
        #expect(fault(.rsa(modulus: [UInt8](repeating: 0xC5, count: 2048), exponent: [3])) != nil)
        #expect(fault(.rsa(modulus: modulus, exponent: [UInt8](repeating: 0xFF, count: 256))) != nil)
    }

    @Test(arguments: [[], [0], [1], [0, 1], [2], [1, 0, 0]] as [[UInt8]])
    func `has no trivial exponent`(exponent: [UInt8]) {
        #expect(fault(.rsa(modulus: modulus, exponent: exponent)) == .invalid)
    }

    @Test func `lies on its curve`() {
        let one = [UInt8](repeating: 0, count: 31) + [1]
        #expect(fault(.p256(x: one, y: one)) == .invalid)
        #expect(
            fault(.p256(x: [UInt8](repeating: 0, count: 32), y: [UInt8](repeating: 0, count: 32))) == .invalid
        )
        #expect(fault(.p256(x: [1], y: [1])) == .invalid)
    }

    @Test func `has the size of its kind`() { #expect(fault(.ed25519([1, 2, 3])) == .invalid) }
}

@Suite struct `A password hash` {
    private let cheap = PasswordCost(memoryKiB: 64, passes: 1, lanes: 1)

    @Test func `knows its password and no other`() throws {
        let hash = try #require(PasswordHash.make(Array("correct horse".utf8), cost: cheap))
        #expect(PasswordHash.matches(Array("correct horse".utf8), hash: hash))
        #expect(!PasswordHash.matches(Array("correct horsf".utf8), hash: hash))
        #expect(!PasswordHash.matches([], hash: hash))
    }

    @Test func `has a salt of its own each time`() {
        #expect(PasswordHash.make([1], cost: cheap) != PasswordHash.make([1], cost: cheap))
    }

    @Test func `costs what OWASP asks for`() throws {
        let hash = try #require(PasswordHash.make(Array("x".utf8)))
        #expect(String(decoding: hash, as: UTF8.self).hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    }

    @Test func `matches nothing when it is no hash`() {
        #expect(!PasswordHash.matches([1], hash: Array("secret".utf8)))
        #expect(!PasswordHash.matches([1], hash: []))
    }
}
