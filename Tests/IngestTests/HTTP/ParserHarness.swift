@testable import Ingest

/// What a head parser made of some bytes, in a form that can be compared.
enum ParsedHead: Equatable {
    case needsMore
    case failed(HeadFailure)
    case head(end: Int, summary: String)

    /// The status that the server would answer; 200 for a good head.
    var status: Int {
        switch self {
        case .needsMore: 0
        case .head: 200
        case .failed(.malformed): 400
        case .failed(.uriTooLong): 414
        case .failed(.headersTooLarge): 431
        case .failed(.notImplemented): 501
        }
    }

    /// Feeds `bytes` in pieces of the given sizes, the last one again and again, as a connection would.
    static func parse(_ bytes: [UInt8], pieces: [Int]) -> ParsedHead {
        var parser = RequestHeadParser()
        var end = 0
        var piece = 0
        while end < bytes.count {
            end = min(bytes.count, end + pieces[min(piece, pieces.count - 1)])
            piece += 1
            switch parser.parse(bytes.span.extracting(0..<end), .standard) {
            case .needsMore: continue
            case .failed(let failure): return .failed(failure)
            case .done: return .head(end: parser.layout.headEnd, summary: summary(bytes, parser.layout))
            }
        }
        return .needsMore
    }

    static func parse(_ text: String) -> ParsedHead { parse(Array(text.utf8), pieces: [.max / 2]) }

    static func byteByByte(_ text: String) -> ParsedHead { parse(Array(text.utf8), pieces: [1]) }

    private static func summary(_ bytes: [UInt8], _ layout: RequestLayout) -> String {
        let head = RequestHead(bytes: bytes, layout: layout, mintedID: CorrelationID(minted: 1))
        var parts = ["\(head.method)", text(head.path), text(head.query ?? []), "\(layout.framing)"]
        parts += ["\(layout.closes)", "\(layout.expectsContinue)", "\(layout.segmentCount)"]
        for index in 0..<min(layout.segmentCount, RequestLayout.segmentsMax) {
            parts.append(text(head.segment(index)))
        }
        for header in KnownHeader.allCases { parts.append(text(head[header] ?? [])) }
        return parts.joined(separator: "|")
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// A head that is good but for what is put into it.
func get(_ target: String = "/", _ headers: String...) -> String {
    "GET \(target) HTTP/1.1\r\nHost: a\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n"
}

func post(_ headers: String...) -> String {
    "POST /api HTTP/1.1\r\nHost: a\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n"
}
