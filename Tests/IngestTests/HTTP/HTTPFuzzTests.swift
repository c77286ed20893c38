import Testing

@testable import Ingest

/// Bytes without end from one seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct `Random bytes` {
    private static let seeds: [[UInt8]] =
        [
            get(), get("/api/u1/tasks?limit=5", "Prefer: wait=5", "Authorization: Bearer abc"),
            post("Content-Length: 12", "Content-Type: application/json", "Expect: 100-continue"),
            post("Transfer-Encoding: chunked", "Connection: close"),
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", get("http://a/x/%41"),
        ].map { Array($0.utf8) } + HTTPHeadRules.malformedFramings.map { Array(post($0).utf8) }

    private static let salt: [[UInt8]] = [
        "\r\n", "\r", "\n", " ", "\t", ":", "\0", "%2e", "/", "..", "Content-Length: 5\r\n", "Host: b\r\n",
        "\r\n\r\n",
        "Transfer-Encoding: chunked\r\n", "HTTP/1.1", "?", "#", "%", "\u{7f}", "0",
    ].map { Array($0.utf8) }

    private func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(contentsOf: Self.salt.randomElement(using: &random) ?? [], at: place)
            case 1: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
            case 2: if place < bytes.count { bytes.remove(at: place) }
            case 3: bytes.removeLast(Int.random(in: 0...(bytes.count - place), using: &random) / 8)
            default: bytes.insert(contentsOf: bytes[..<(place / 2)], at: place)
            }
        }
        return bytes
    }

    private func pieces(_ random: inout SeededGenerator) -> [Int] {
        (0..<8).map { _ in Int.random(in: 1...40, using: &random) }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `never depend on how they are split`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<250 {
            let start = Self.seeds.randomElement(using: &random) ?? []
            let bytes = mutate(start, &random)
            let whole = ParsedHead.parse(bytes, pieces: [.max / 2])
            #expect(ParsedHead.parse(bytes, pieces: [1]) == whole, "seed \(seed): \(bytes)")
            #expect(ParsedHead.parse(bytes, pieces: pieces(&random)) == whole, "seed \(seed): \(bytes)")
            if case .head(let end, _) = whole {
                #expect(end <= bytes.count && bytes[..<end].suffix(2) == [13, 10])
            }
        }
    }

    @Test func `are never a request`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let whole = ParsedHead.parse(bytes, pieces: [.max / 2])
            #expect(whole.status != 200)
            #expect(ParsedHead.parse(bytes, pieces: [3]) == whole)
        }
    }

    @Test func `never break the chunked decoder`() {
        var random = SeededGenerator(seed: 2)
        let good = Array("5\r\nhello\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n".utf8)
        for _ in 0..<20_000 {
            let bytes = mutate(good, &random)
            #expect(decode(bytes, piece: 1) == decode(bytes, piece: 1_000_000), "\(bytes)")
        }
    }

    private func decode(_ bytes: [UInt8], piece: Int) -> String {
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        var start = 0
        while start < bytes.count, !decoder.isDone {
            let end = min(bytes.count, start + piece)
            do throws(ChunkedDecoder.Failure) {
                start += try decoder.decode(
                    bytes.span.extracting(start..<end), into: &body, dataBytesMax: 100)
            } catch {
                return "\(error)"
            }
        }
        return "\(decoder.isDone) \(start) \(body)"
    }
}
