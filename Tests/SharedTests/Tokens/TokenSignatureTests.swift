import Shared
import Support
import Testing

@Suite struct `A signed token` {
    @Test(arguments: [SignedTokens.rs256, SignedTokens.es256, SignedTokens.edDSA, SignedTokens.ed25519])
    func `is taken under the key that signed it`(token: String) throws {
        #expect(Outcome(token, keys: try SignedTokens.keys) == .user("u1"))
    }

    @Test(arguments: [SignedTokens.rs256, SignedTokens.es256, SignedTokens.edDSA])
    func `is refused when any byte of it changes`(token: String) throws {
        let verifier = TokenVerifier(try SignedTokens.keys)
        let bytes = Array(token.utf8)
        for place in bytes.indices {
            var changed = bytes
            changed[place] = bytes[place] == 0x41 ? 0x42 : 0x41
            var isTaken = false
            do throws(TokenFault) {
                _ = try verifier.verify(changed.span, now: TokenBuilder.now)
                isTaken = true
            } catch {}
            #expect(!isTaken, "byte \(place)")
        }
    }

    @Test func `is refused under another kind of key with the same id`() throws {
        let keys = try JSONWebKeys.read(Array(SignedTokens.keySet.utf8)).keys
        let renamed = keys.map {
            IdentifiedKey(keyID: Array("r1".utf8), algorithm: $0.algorithm, key: $0.key)
        }
        let others = renamed.filter { $0.algorithm != .rs256 }
        #expect(Outcome(SignedTokens.rs256, keys: KeySet(publicKeys: others)) == .refused(.unknownKey))
        #expect(Outcome(SignedTokens.rs256, keys: KeySet(publicKeys: renamed)) == .user("u1"))
    }

    @Test func `is refused with a key of less than 2048 bits`() throws {
        let set = try JSONWebKeys.read(Array(#"{"keys":[\#(SignedTokens.weakKey)]}"#.utf8))
        #expect(set.keys.isEmpty && set.skipped == 1)
        #expect(Outcome(SignedTokens.weak, keys: KeySet(publicKeys: set.keys)) == .refused(.unknownKey))
    }

    @Test func `asks for another key when its key id is not there`() throws {
        let keys = try JSONWebKeys.read(Array(SignedTokens.keySet.utf8)).keys.filter {
            $0.algorithm != .es256
        }
        #expect(Outcome(SignedTokens.es256, keys: KeySet(publicKeys: keys)) == .refused(.unknownKey))
    }

    @Test func `finds keys that have no id`() throws {
        let keys = try JSONWebKeys.read(Array(SignedTokens.keySet.utf8)).keys.map {
            IdentifiedKey(keyID: nil, algorithm: $0.algorithm, key: $0.key)
        }
        #expect(Outcome(SignedTokens.es256, keys: KeySet(publicKeys: keys)) == .user("u1"))
    }

    @Test(arguments: [
        "none", "None", "NONE", "nOnE", "HS384", "HS512", "RS384", "PS256", "ES384", "hs256", "HS256 ", "",
    ])
    func `is refused with any other algorithm`(name: String) throws {
        let token = TokenBuilder(header: #"{"alg":"\#(name)"}"#)
        #expect(Outcome(token) == .refused(.algorithm))
        #expect(Outcome(token.signed + [0x2E]) == .refused(.algorithm))
    }

    @Test func `is refused when HS256 is made with a public key`() throws {
        let keys = try SignedTokens.keys
        for material in [SignedTokens.keySet, "GVZEBB_sG_LvSMqdp255zssOMUaz4UyND74i1UBF_Ow"] {
            let token = TokenBuilder(header: #"{"alg":"HS256","kid":"r1"}"#, secret: material)
            #expect(Outcome(token, keys: keys) == .refused(.algorithm))
            let both = KeySet(secrets: TokenBuilder.keys.secrets, publicKeys: keys.publicKeys)
            #expect(Outcome(token, keys: both) == .refused(.signature))
        }
    }

    @Test func `is refused when RS256 is made with the shared secret`() throws {
        let keys = KeySet(secrets: TokenBuilder.keys.secrets, publicKeys: try SignedTokens.keys.publicKeys)
        #expect(
            Outcome(TokenBuilder(header: #"{"alg":"RS256","kid":"r1"}"#), keys: keys) == .refused(.signature))
        #expect(Outcome(TokenBuilder(header: #"{"alg":"RS256"}"#)) == .refused(.algorithm))
    }
}

@Suite struct `A token with HS256` {
    private let old = TokenSecret(keyID: "k1", secret: "old-0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXe")
    private let new = TokenSecret(keyID: "k2", secret: "new-vYxk3Zb7uW5hN2cRtGm9JpLsXeAf0")
    private var keys: KeySet { KeySet(secrets: [new, old, TokenSecret(secret: TokenBuilder.secret)]) }

    private func token(_ keyID: String?, _ secret: TokenSecret) -> TokenBuilder {
        let kid = keyID.map { #","kid":"\#($0)""# } ?? ""
        return TokenBuilder(
            header: #"{"alg":"HS256"\#(kid)}"#, secret: String(decoding: secret.bytes, as: UTF8.self))
    }

    @Test func `is taken under each overlapping secret`() {
        #expect(Outcome(token("k1", old), keys: keys) == .user("u1"))
        #expect(Outcome(token("k2", new), keys: keys) == .user("u1"))
        #expect(Outcome(token(nil, old), keys: keys) == .user("u1"))
        #expect(Outcome(token("unheard-of", new), keys: keys) == .user("u1"))
        #expect(Outcome(TokenBuilder(), keys: keys) == .user("u1"))
    }

    @Test func `is refused under a secret that its key id does not name`() {
        #expect(Outcome(token("k1", new), keys: keys) == .refused(.signature))
    }

    @Test(arguments: [
        "../../dev/null", "k1' OR '1'='1", "/proc/sys/kernel/ostype", "", "k1\\u0000", "\\u212a1",
    ])
    func `takes key ids for bytes and nothing else`(keyID: String) {
        let token = TokenBuilder(header: #"{"alg":"HS256","kid":"\#(keyID)"}"#, secret: "")
        #expect(Outcome(token, keys: keys) == .refused(.signature))
    }

    @Test(arguments: ["", "AAAA"]) func `is refused with a cut signature`(signature: String) {
        let whole = TokenBuilder()
        #expect(Outcome(whole.signed + [0x2E] + Array(signature.utf8)) == .refused(.signature))
        #expect(Outcome(whole.bytes.dropLast(3) + []) != .user("u1"))
    }
}
