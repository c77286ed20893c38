import Testing

@testable import Ingest

@Suite struct `The request head parser` {
    private func expect(_ text: String, _ status: Int, _ location: SourceLocation = #_sourceLocation) {
        let whole = ParsedHead.parse(text)
        #expect(whole.status == status, "\(text.debugDescription) gave \(whole)", sourceLocation: location)
        #expect(ParsedHead.byteByByte(text) == whole, "\(text.debugDescription)", sourceLocation: location)
    }

    @Test func `refuses malformed lines`() {
        for text in HTTPHeadRules.malformedLines { expect(text, 400) }
    }

    @Test func `refuses malformed targets`() {
        for target in HTTPHeadRules.malformedTargets { expect(get(target), 400) }
    }

    @Test func `refuses malformed headers and repeated singletons`() {
        for header in HTTPHeadRules.malformedHeaders { expect(get("/", header), 400) }
    }

    @Test func `refuses a Content-Length that is not a plain number`() {
        for value in HTTPHeadRules.malformedLengths { expect(post("Content-Length: \(value)"), 400) }
    }

    @Test func `refuses ambiguous framing`() {
        for headers in HTTPHeadRules.malformedFramings { expect(post(headers), 400) }
        expect("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400)
    }

    @Test func `does not know every method and coding`() {
        for text in HTTPHeadRules.unknown { expect(text, 501) }
    }

    @Test func `wants one Host on HTTP 1.1`() {
        expect("GET / HTTP/1.1\r\n\r\n", 400)
        expect("GET / HTTP/1.0\r\n\r\n", 200)
        expect("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400)
        for host in HTTPHeadRules.hosts {
            expect("GET / HTTP/1.1\r\nHost: \(host.value)\r\n\r\n", host.isGood ? 200 : 400)
        }
    }

    @Test func `compares the host of an absolute target with Host`() {
        for target in ["http://a", "http://a/", "http://a/b?c", "HTTP://A/b", "https://a/b", "http://a?x"] {
            expect(get(target), 200)
        }
        for target in ["http://b/", "http://a:80/", "http://aa/", "http://a./"] { expect(get(target), 400) }
        expect("GET http://a/ HTTP/1.0\r\n\r\n", 200)
        expect("GET http://a/ HTTP/1.1\r\n\r\n", 400)
    }

    @Test func `takes what is strange and allowed`() {
        expect("\r\n" + get(), 200)
        expect("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200)
        for target in [
            "/", "//", "/a//b", "/...", "/.a", "/a.", "/..a", "/%2e%2e%2e", "/a;b=c", "/~u/:x/@y", "/?a=%",
            "/?",
            "/a?b?c", "/%20", "/%C3%A9", "/!$&'()*+,;=", "/a?{}|\"<>",
        ] {
            expect(get(target), 200)
        }
        for header in [
            "X:", "X: ", "X:a", "X: \t a \t", "X: \u{e9}", "!#$%&'*+-.^_`|~09aZ: 1", "X: a\r\nX: b",
            "Connection: keep-alive, Upgrade", "Prefer: wait=1\r\nPrefer: return=minimal",
            "Expect: 100-Continue",
        ] {
            expect(get("/", header), 200)
        }
        for value in ["0", "1", "65536", "9223372036854775807"] {
            expect(post("Content-Length: \(value)"), 200)
        }
        expect(post("Content-Length: \t 5 \t"), 200)
        expect(post("Transfer-Encoding: chunked"), 200)
    }

    @Test func `holds the limits exactly`() {
        let lineRest = "GET / HTTP/1.1".utf8.count
        func line(_ length: Int) -> String { get("/" + String(repeating: "a", count: length - lineRest)) }
        expect(line(8192), 200)
        expect(line(8193), 414)
        expect(line(100_000), 414)
        expect(String(repeating: "G", count: 9000), 414)

        func header(_ length: Int) -> String { "X: " + String(repeating: "a", count: length - 3) }
        expect(get("/", header(8192)), 200)
        expect(get("/", header(8193)), 431)
        let host = "Host: a\r\n".utf8.count
        let rest = 16_384 - host - 2 * 8002 - 2
        expect(get("/", header(8000), header(8000), header(rest)), 200)
        expect(get("/", header(8000), header(8000), header(rest + 1)), 431)

        func headers(_ count: Int) -> String { (1..<count).map { "X\($0): a" }.joined(separator: "\r\n") }
        expect(get("/", headers(64)), 200)
        expect(get("/", headers(65)), 431)
    }

    @Test func `reads the parts of a head`() throws {
        var parser = RequestHeadParser()
        let text =
            "\r\nPUT /api/u%2D1/tasks/%41%2B?a=b&c HTTP/1.1\r\nHost: h\r\n"
            + "authorization:Bearer x \r\nPrefer: wait=5\r\n"
            + "Content-Length: 3\r\nX-Other: y\r\nPREFER: return=minimal\r\nX-Request-Id: a.B_9-\r\n"
            + "Expect: 100-continue\r\nConnection: close\r\n\r\nabc"
        let bytes = Array(text.utf8)
        #expect(parser.parse(bytes.span, .standard) == .done)
        let head = RequestHead(bytes: bytes, layout: parser.layout, mintedID: CorrelationID(minted: 7))

        #expect(head.method == .put)
        #expect(ParsedHead.text(head.path) == "/api/u%2D1/tasks/%41%2B")
        #expect(head.query.map(ParsedHead.text) == "a=b&c")
        #expect(head.segmentCount == 4)
        #expect((0..<4).map { ParsedHead.text(head.segment($0)) } == ["api", "u-1", "tasks", "A+"])
        #expect(head.segment(2, is: "tasks"))
        #expect(head[.authorization].map(ParsedHead.text) == "Bearer x")
        #expect(head.isRepeated(.prefer))
        var preferences: [String] = []
        head.forEachValue(of: .prefer) { preferences.append(ParsedHead.text($0)) }
        #expect(preferences == ["wait=5", "return=minimal"])
        #expect(head.layout.framing == .length(3))
        #expect(head.layout.expectsContinue)
        #expect(head.layout.closes)
        #expect(ParsedHead.text(head.correlationID.bytes[...]) == "a.B_9-")
        #expect(ParsedHead.text(Request(head: head).body) == "abc")
    }

    @Test func `mints an id where the client's is not well formed`() {
        for value in ["", "a b", "a/b", "é", String(repeating: "a", count: 65), "a\r\nX-Request-Id: b"] {
            let bytes = Array(get("/", "X-Request-Id: \(value)").utf8)
            var parser = RequestHeadParser()
            #expect(parser.parse(bytes.span, .standard) == .done)
            let head = RequestHead(bytes: bytes, layout: parser.layout, mintedID: CorrelationID(minted: 0xAB))
            #expect(ParsedHead.text(head.correlationID.bytes[...]) == "00000000000000ab")
        }
    }
}
