import Shared
import Testing

struct WycheproofFile: Decodable {
    struct Group: Decodable {
        struct Case: Decodable {
            let tcId: Int
            let comment: String
            let key: String?
            let msg: String
            let sig: String?
            let tag: String?
            let result: String
        }
        struct Key: Decodable {
            let modulus: String?
            let publicExponent: String?
            let wx: String?
            let wy: String?
            let pk: String?
        }
        let tagSize: Int?
        let publicKey: Key?
        let tests: [Case]
    }
    let testGroups: [Group]
}

private func bytes(_ hex: String?) throws -> [UInt8] {
    let text = try #require(hex)
    return try #require(Hex.decode(Array((text.count.isMultiple(of: 2) ? text : "0" + text).utf8)))
}

/// Coordinates are written as signed numbers: 31 to 33 bytes.
private func coordinate(_ hex: String?) throws -> [UInt8] {
    let digits = try bytes(hex).drop { $0 == 0 }
    return Array(repeating: 0, count: 32 - digits.count) + digits
}

@Suite(.enabled(if: Vectors.exist, "\(Vectors.absence)")) struct `Project Wycheproof` {
    @Test func `agrees on HMAC-SHA256`() throws {
        let file = try Vectors.load("wycheproof/hmac_sha256_test.json", as: WycheproofFile.self)
        var count = 0
        for group in file.testGroups {
            for test in group.tests {
                let code = HMACSHA256(key: try bytes(test.key)).code(of: try bytes(test.msg)).bytes
                let size = try #require(group.tagSize) / 8
                let agrees = Array(code[..<size]) == (try bytes(test.tag))
                #expect(agrees == (test.result == "valid"), "\(test.tcId)")
                count += 1
            }
        }
        #expect(count > 100)
    }

    @Test(arguments: [2048, 3072, 4096]) func `agrees on RSA PKCS#1 v1.5`(size: Int) throws {
        try check("wycheproof/rsa_signature_\(size)_sha256_test.json", atLeast: 200)
    }

    @Test func `agrees on ECDSA P-256 in the form of a JWS`() throws {
        try check("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", atLeast: 200)
    }

    @Test func `agrees on Ed25519`() throws {
        try check("wycheproof/ed25519_test.json", atLeast: 100)
    }

    private func material(_ key: WycheproofFile.Group.Key) throws -> PublicKey {
        if key.pk != nil { return PublicKey.ed25519(try bytes(key.pk)) }
        if key.modulus == nil { return PublicKey.p256(x: try coordinate(key.wx), y: try coordinate(key.wy)) }
        return PublicKey.rsa(modulus: try bytes(key.modulus), exponent: try bytes(key.publicExponent))
    }

    private func check(_ path: String, atLeast expected: Int) throws {
        let file = try Vectors.load(path, as: WycheproofFile.self)
        var count = 0
        for group in file.testGroups {
            let numbers = try #require(group.publicKey)
            let key = try VerifyingKey(try material(numbers))
            for test in group.tests {
                let signature = try bytes(test.sig)
                let message = try bytes(test.msg)
                let isTaken = key.verifies(signature, of: message.span)
                switch test.result {
                case "valid": #expect(isTaken, "\(path) \(test.tcId): \(test.comment)")
                case "invalid": #expect(!isTaken, "\(path) \(test.tcId): \(test.comment)")
                default: break
                }
                count += 1
            }
        }
        #expect(count >= expected)
    }
}
