import Shared
import Testing

@Suite struct `SHA-256` {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ]) func `gives the digests of FIPS 180-4`(text: String, digest: String) {
        #expect(Hex.encode(SHA256.hash(Array(text.utf8)).bytes) == Array(digest.utf8))
    }
}

@Suite struct `HMAC-SHA256` {
    @Test func `gives the codes of RFC 4231, again and again from one context`() {
        let coder = HMACSHA256(key: Array("Jefe".utf8))
        let expected = Array("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843".utf8)
        for _ in 0..<3 {
            #expect(Hex.encode(coder.code(of: Array("what do ya want for nothing?".utf8)).bytes) == expected)
        }
        let (first, second) = (Array("what do ya ".utf8), Array("want for nothing?".utf8))
        #expect(Hex.encode(coder.code(of: first.span, then: second.span).bytes) == expected)
    }

    @Test func `takes an empty key and an empty message`() {
        let expected = Array("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad".utf8)
        #expect(Hex.encode(HMACSHA256(key: []).code(of: []).bytes) == expected)
    }
}

@Suite struct `SipHash` {
    @Test(
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (12, 0x751e_8fbc_860e_e5fb), (15, 0xa129_ca61_49be_45e5),
            (16, 0x3f2a_cc7f_57c2_9bdb), (63, 0x958a_324c_eb06_4572),
        ] as [(UInt8, UInt64)]) func `gives the codes of the reference`(count: UInt8, expected: UInt64)
    {
        #expect(ShortCode(key: Array(0..<16)).code(of: Array(0..<count).span) == expected)
    }
}

@Suite struct `A digest` {
    @Test func `equals only the same 32 bytes`() throws {
        let digest = SHA256.hash(Array("abc".utf8))
        #expect(Digest(digest.bytes) == digest)
        for index in 0..<Digest.byteCount {
            var other = digest.bytes
            other[index] ^= 1
            #expect(try #require(Digest(other)) != digest)
        }
        #expect(Digest([1, 2, 3]) == nil)
    }
}

@Suite struct `Constant-time comparison` {
    @Test func `says whether bytes are the same`() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2], [1, 2]))
        #expect(!ConstantTime.equal([1, 2], [1, 3]))
        #expect(!ConstantTime.equal([1, 2], [1, 2, 3]))
    }
}

@Suite struct `Secure random` {
    @Test func `gives as many bytes as asked for, and never the same`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(32).count == 32)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    }
}
