import Shared
import Support
import Testing

/// The examples of the RFCs. None has a `sub` that could be ours, so a good signature shows as what is wrong after it.
@Suite struct `Published examples` {
    private let a1 = """
        eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcG\
        xlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
        """
    private let a2Key = """
        {"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0\
        Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e\
        -KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj\
        8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}
        """
    private let a2 = """
        eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ij\
        p0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbd\
        s9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9\
        383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy\
        wlVmtVrBp0igcN_IoypGlUPQGe77Rw
        """
    private let a3Key = """
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpX\
        W6pCyStikYjKIWI5a0"}
        """
    private let a3 = """
        eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ij\
        p0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
        """
    private let rfc7519None = """
        eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp\
        0cnVlfQ.
        """
    private let before = Timestamp(micros: 1_300_819_000_000_000)

    private func keys(_ key: String) throws -> KeySet {
        KeySet(publicKeys: try JSONWebKeys.read(Array(#"{"keys":[\#(key)]}"#.utf8)).keys)
    }

    @Test func `of RFC 7515 have good signatures`() throws {
        let secret = try #require(
            Base64URL.decode(
                Array(
                    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
                        .utf8)))
        let shared = KeySet(secrets: [TokenSecret(keyID: nil, bytes: secret)])
        #expect(Outcome(a1, keys: shared, now: before) == .refused(.subject))
        #expect(Outcome(a2, keys: try keys(a2Key), now: before) == .refused(.subject))
        #expect(Outcome(a3, keys: try keys(a3Key), now: before) == .refused(.subject))
        #expect(Outcome(a1, keys: shared) == .refused(.expired))
        #expect(Outcome(a3, keys: try keys(a2Key), now: before) == .refused(.unknownKey))
    }

    @Test func `of RFC 7519 without a signature are refused`() {
        #expect(Outcome(rfc7519None, keys: TokenBuilder.keys, now: before) == .refused(.algorithm))
    }
}

private struct Cookbook: Decodable {
    struct Input: Decodable { let key: [String: String] }
    struct Output: Decodable { let compact: String? }
    let input: Input
    let output: Output
}

@Suite(.enabled(if: Vectors.exist, "\(Vectors.absence)")) struct `The JOSE cookbook` {
    /// Its payloads are sentences, not claims: with a good signature, that is what is wrong with them.
    @Test func `has an Ed25519 signature that is good`() throws {
        let book = try Vectors.load("jose-cookbook/curve25519/jws.json", as: Cookbook.self)
        let x = try #require(book.input.key["x"])
        let token = try #require(book.output.compact)
        let set = try JSONWebKeys.read(Array(#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(x)"}]}"#.utf8))
        #expect(Outcome(token, keys: KeySet(publicKeys: set.keys)) == .refused(.claims))
    }

    @Test func `has an RSA signature that is good`() throws {
        let book = try Vectors.load("jose-cookbook/jws/4_1.rsa_v15_signature.json", as: Cookbook.self)
        let n = try #require(book.input.key["n"])
        let token = try #require(book.output.compact)
        let set = try JSONWebKeys.read(Array(#"{"keys":[{"kty":"RSA","n":"\#(n)","e":"AQAB"}]}"#.utf8))
        #expect(Outcome(token, keys: KeySet(publicKeys: set.keys)) == .refused(.claims))
    }

    @Test func `has a MAC that is good`() throws {
        let book = try Vectors.load(
            "jose-cookbook/jws/4_4.hmac-sha2_integrity_protection.json", as: Cookbook.self)
        let text = try #require(book.input.key["k"])
        let token = try #require(book.output.compact)
        let k = try #require(Base64URL.decode(Array(text.utf8)))
        let keys = KeySet(secrets: [TokenSecret(keyID: nil, bytes: k)])
        #expect(Outcome(token, keys: keys) == .refused(.claims))
    }

    @Test(arguments: ["4_2.rsa-pss_signature.json", "4_3.ecdsa_signature.json"])
    func `has algorithms that we refuse`(file: String) throws {
        let book = try Vectors.load("jose-cookbook/jws/" + file, as: Cookbook.self)
        let token = try #require(book.output.compact)
        #expect(Outcome(token, keys: try SignedTokens.keys) == .refused(.algorithm))
    }

    @Test func `has unencoded payloads of RFC 7797 that we refuse`() throws {
        for header in [#"{"alg":"HS256","b64":false}"#, #"{"alg":"HS256","b64":false,"crit":["b64"]}"#] {
            #expect(Outcome(TokenBuilder(header: header)) == .refused(.forbiddenHeader))
            let unencoded =
                Base64URL.encode(Array(header.utf8))
                + Array(".$.02.GsyM6AQJbQHY8aQKCbZSPJHzMRWo3HKIlcDuXof7nqs".utf8)
            #expect(Outcome(unencoded) == .refused(.malformed))
        }
    }
}
