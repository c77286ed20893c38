import Testing

@testable import Ingest

@Suite struct `The chunked decoder` {
    private enum Decoded: Equatable {
        case needsMore
        case failed(ChunkedDecoder.Failure)
        case body(String, used: Int)
    }

    private func decode(_ text: String, piece: Int) -> Decoded {
        let bytes = Array(text.utf8)
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + piece)
            do throws(ChunkedDecoder.Failure) {
                let used = try decoder.decode(
                    bytes.span.extracting(start..<end), into: &body, dataBytesMax: 1000)
                if decoder.isDone { return .body(String(decoding: body, as: UTF8.self), used: start + used) }
            } catch {
                return .failed(error)
            }
            start = end
        }
        return .needsMore
    }

    @Test(arguments: [
        "5\r\nhello\r\n0\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "005\r\nhello\r\n000\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1",
    ])
    func `puts the data together and stops at the end`(text: String) {
        let used = text.utf8.count - (text.hasSuffix("1.1") ? 14 : 0)
        for piece in [1, 2, 3, 5, 1000] { #expect(decode(text, piece: piece) == .body("hello", used: used)) }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+5\r\nhello\r\n", "0x5\r\nhello\r\n", " 5\r\nhello\r\n",
        "5 \r\nhello\r\n", "5\nhello\n",
        "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\rX",
        "5;a=b\r\nhello\r\n0\r\n\r\n",
        "5;\r\nhello\r\n", "5\rhello", "5\r\nhello\r\n0\r\nX\r\n\r\n", "5\r\nhello\r\n0\r\n: y\r\n\r\n",
        "5\r\nhello\r\n0\r\n X: y\r\n\r\n", "5\r\nhello\r\n0\r\nX: \u{1}\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\n\r\n",
        "5\r\nhello\r\n0\r\n\n", "0000000000000005\r\nhello\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFF\r\n",
        "10000000000000000\r\n", "５\r\n",
    ])
    func `refuses what is not exactly a chunk`(text: String) {
        let whole = decode(text, piece: 1_000_000)
        guard case .failed = whole else {
            Issue.record("\(text.debugDescription) gave \(whole)")
            return
        }
        #expect(decode(text, piece: 1) == whole)
    }

    @Test func `counts the data while it reads`() {
        for text in [
            "3e9\r\n", "3e8\r\n\(String(repeating: "a", count: 1000))\r\n1\r\n", "fffffffffffffff\r\n",
        ] {
            #expect(decode(text, piece: 1) == .failed(.tooLarge))
            #expect(decode(text, piece: 1_000_000) == .failed(.tooLarge))
        }
        let exact = "3e8\r\n\(String(repeating: "a", count: 1000))\r\n0\r\n\r\n"
        #expect(decode(exact, piece: 7) == .body(String(repeating: "a", count: 1000), used: exact.utf8.count))
    }

    @Test func `does not read trailers for ever`() {
        let trailers = String(repeating: "X: y\r\n", count: 4000)
        #expect(decode("0\r\n\(trailers)\r\n", piece: 1_000_000) == .failed(.malformed(.trailers)))
    }
}
