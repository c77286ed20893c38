import Shared
import Support
import Testing

@Suite struct `The form of a token` {
    @Test(arguments: [
        "", ".", "..", "...", "a.b", "a.b.c.d", ".e30.AAAA", "e30..AAAA", "e30.e30", "e30.e30.AAAA.AAAA.AAAA",
    ]) func `is three parts`(text: String) {
        #expect(Outcome(text, keys: TokenBuilder.keys) == .refused(.malformed))
    }

    @Test(arguments: ["=", "==", " ", "\n", "\t", "\r\n", "%3D", "+", "/", "\0", "é"])
    func `has nothing in it that is not base64url`(extra: String) {
        let token = TokenBuilder()
        let parts = token.bytes.split(separator: 0x2E).map { Array($0) }
        for place in 0..<3 {
            var changed = parts
            changed[place] += Array(extra.utf8)
            #expect(Outcome(Array(changed.joined(separator: [0x2E]))) != .user("u1"))
            changed[place] = Array(extra.utf8) + parts[place]
            #expect(Outcome(Array(changed.joined(separator: [0x2E]))) != .user("u1"))
        }
    }

    @Test func `has one spelling for each signature`() throws {
        var token = TokenBuilder().bytes
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let letter = try #require(token.last)
        let last = try #require(alphabet.firstIndex(of: letter))
        token[token.count - 1] = alphabet[last ^ 1]
        #expect(Outcome(token) == .refused(.malformed))
    }

    @Test func `has 8192 bytes at most`() {
        let filler = String(repeating: "x", count: 7000)
        let token = TokenBuilder(claims: #"{"sub":"u1","exp":1800000900,"x":"\#(filler)"}"#)
        #expect(token.bytes.count > 8192)
        #expect(Outcome(token) == .refused(.malformed))
    }

    @Test(arguments: ["crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"])
    func `has no header member that changes what it means`(name: String) {
        for value in [#"["exp"]"#, "true", "null", #""x""#, "{}"] {
            let token = TokenBuilder(header: #"{"alg":"HS256","\#(name)":\#(value)}"#)
            #expect(Outcome(token) == .refused(.forbiddenHeader))
        }
    }

    @Test func `may spell a member with escapes and is refused for it all the same`() {
        #expect(
            Outcome(TokenBuilder(header: #"{"alg":"HS256","\u0063rit":[]}"#)) == .refused(.forbiddenHeader))
    }

    @Test(arguments: [
        #"{"alg":"HS256","alg":"none"}"#, #"{"alg":"HS256","\u0061lg":"HS256"}"#,
        #"{"alg":"HS256","kid":"a","kid":"b"}"#,
        #"{"typ":"JWT"}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"{"alg":"HS256","kid":1}"#,
        #"{"alg":"HS256","kid":null}"#,
        #"{"alg":"HS256","typ":"JWE"}"#, #"{"alg":"HS256","typ":null}"#, #"{"alg":"HS256","typ":"JWT "}"#,
        #"["HS256"]"#,
        #""HS256""#, "null", #"{"alg":"HS256"}x"#, #"{"alg":"HS256",}"#, "\u{FEFF}{\"alg\":\"HS256\"}",
        #"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"alg":"HS256"}"#,
    ]) func `has a header of known shape`(header: String) {
        #expect(Outcome(TokenBuilder(header: header)) == .refused(.header))
    }

    @Test(arguments: [#""JWT""#, #""jwt""#, #""at+jwt""#, #""AT+JWT""#]) func `may say its type`(type: String)
    {
        #expect(Outcome(TokenBuilder(header: #"{"alg":"HS256","typ":\#(type)}"#)) == .user("u1"))
    }

    @Test func `survives bytes of every kind`() {
        var random = SplitMix64(seed: 0x7A5C)
        let verifier = TokenVerifier(TokenBuilder.keys)
        let good = TokenBuilder().bytes
        for _ in 0..<5_000 {
            var token = good
            for _ in 0...random.next() % 4 {
                let place = Int(random.next() % UInt64(token.count))
                switch random.next() % 4 {
                case 0: token[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: token.remove(at: place)
                case 2: token.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                default: token.insert(0x2E, at: place)
                }
            }
            var isTaken = false
            do throws(TokenFault) {
                _ = try verifier.verify(token.span, now: TokenBuilder.now)
                isTaken = true
            } catch {}
            #expect(!isTaken || token == good)
        }
    }

    @Test func `survives JSON of every kind under a good signature`() {
        var random = SplitMix64(seed: 0xC1A1)
        let verifier = TokenVerifier(TokenBuilder.keys)
        let pieces = [
            #""sub""#, #""exp""#, ":", ",", "{", "}", "[", "]", "1e999", "-1", "18446744073709551616",
            #""u1""#, "null", "1.5",
            #""\ud800""#, #""aud""#, #""scope""#, "1800000900",
        ]
        for _ in 0..<5_000 {
            var claims = "{"
            for _ in 0..<random.next() % 12 { claims += pieces[Int(random.next() % UInt64(pieces.count))] }
            let token = TokenBuilder(claims: claims + "}").bytes
            do throws(TokenFault) { _ = try verifier.verify(token.span, now: TokenBuilder.now) } catch {
                #expect(error != .signature && error != .malformed)
            }
        }
    }
}
