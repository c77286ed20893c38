internal import Shared

extension RequestLayout {
    /// Reads one `name: value` line.
    mutating func readHeaderLine(_ input: Span<UInt8>, _ line: Range<Int>) throws(HeadFailure) {
        if ByteClass.isBlank(input[line.lowerBound]) { throw .malformed("a folded header line") }
        let colon = input.firstIndex(of: UInt8(ascii: ":"), in: line) ?? line.upperBound
        let name = line.lowerBound..<colon
        let header = name.isEmpty ? nil : KnownHeader(input, name)
        // A name that is known is a token.
        guard colon < line.upperBound, !name.isEmpty,
            header != nil || input.allSatisfy(name, ByteClass.isToken)
        else {
            throw .malformed("a header name that is not a token followed by a colon")
        }
        guard input.isHeaderValue(colon + 1..<line.upperBound) else {
            throw .malformed("a control character in a header value")
        }
        guard let header else { return }
        let value = input.trimmed(colon + 1..<line.upperBound)
        guard note(header, value) else { throw .malformed("a header that may stand once is repeated") }
        switch header {
        case .connection: noteConnection(input, value)
        case .contentLength: framing = .length(try Self.length(input, value))
        case .expect: try noteExpect(input, value)
        case .host: try Self.checkHost(input, value)
        default: break
        }
    }

    /// Judges what only the whole head tells: Host, and how the body is framed.
    mutating func finish(_ input: Span<UInt8>) throws(HeadFailure) {
        if !has(.host), !isVersion10 { throw .malformed("no Host header") }
        if has(.host), authority.count > 0, !sameHost(input) {
            throw .malformed("the Host header differs from the target's host")
        }
        if has(.transferEncoding) { try readTransferEncoding(input) }
        if framing == .none || framing == .length(0) || isVersion10 { expectsContinue = false }
    }

    private mutating func noteConnection(_ input: Span<UInt8>, _ value: Range<Int>) {
        forEachListMember(input, value) { member in
            if input.equalsIgnoringCase("close", in: member) { closes = true }
        }
    }

    private mutating func noteExpect(_ input: Span<UInt8>, _ value: Range<Int>) throws(HeadFailure) {
        guard input.equalsIgnoringCase("100-continue", in: value) else {
            throw .malformed("an expectation other than 100-continue")
        }
        expectsContinue = true
    }

    private static func checkHost(_ input: Span<UInt8>, _ value: Range<Int>) throws(HeadFailure) {
        guard input.allSatisfy(value, ByteClass.isHost) else {
            throw .malformed("the Host header is not a host")
        }
    }

    private func sameHost(_ input: Span<UInt8>) -> Bool {
        let host = value(.host)
        let authority = authority.range
        guard host.count == authority.count else { return false }
        for (one, other) in zip(host, authority)
        where ByteClass.lowercased(input[one]) != ByteClass.lowercased(input[other]) {
            return false
        }
        return true
    }

    /// The number of a Content-Length: digits alone, no leading zero, no more than 63 bits.
    private static func length(_ input: Span<UInt8>, _ value: Range<Int>) throws(HeadFailure) -> Int {
        guard !value.isEmpty, value.count == 1 || input[value.lowerBound] != UInt8(ascii: "0") else {
            throw .malformed("Content-Length is not a number without leading zeros")
        }
        var length = 0
        for index in value {
            guard ByteClass.isDigit(input[index]) else {
                throw .malformed("Content-Length is not a number without leading zeros")
            }
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = tens.addingReportingOverflow(Int(input[index] - 0x30))
            guard !overflow, !overflowed else { throw .malformed("Content-Length is too large a number") }
            length = sum
        }
        return length
    }

    private mutating func readTransferEncoding(_ input: Span<UInt8>) throws(HeadFailure) {
        if has(.contentLength) { throw .malformed("Transfer-Encoding together with Content-Length") }
        if isVersion10 { throw .malformed("Transfer-Encoding in HTTP/1.0") }
        let value = value(.transferEncoding)
        if input.equals("chunked", in: value) {
            framing = .chunked
            return
        }
        // Compressions, with `chunked` after them or not, are what a later server might know.
        var isCompression = !value.isEmpty
        var isOver = false
        forEachListMember(input, value) { member in
            if isOver || !Self.isCompression(input, member) {
                isCompression =
                    isCompression && !isOver && member.lowerBound > value.lowerBound
                    && input.equals("chunked", in: member)
                isOver = true
            }
        }
        if isCompression { throw .notImplemented("this transfer coding is not known here: send chunked") }
        throw .malformed("Transfer-Encoding is not chunked")
    }

    private static func isCompression(_ input: Span<UInt8>, _ member: Range<Int>) -> Bool {
        let names: [StaticString] = ["gzip", "x-gzip", "deflate", "compress", "x-compress"]
        return names.contains { input.equalsIgnoringCase($0, in: member) }
    }

    private func forEachListMember(_ input: Span<UInt8>, _ value: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = value.lowerBound
        while start <= value.upperBound {
            let comma =
                input.firstIndex(of: UInt8(ascii: ","), in: start..<value.upperBound) ?? value.upperBound
            body(input.trimmed(start..<comma))
            start = comma + 1
        }
    }
}
