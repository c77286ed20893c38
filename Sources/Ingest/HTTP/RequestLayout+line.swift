internal import Shared

extension RequestLayout {
    /// Reads `method SP target SP version`; false when the method is a token that this server does not know.
    mutating func readRequestLine(_ input: Span<UInt8>, _ line: Range<Int>) throws(HeadFailure) -> Bool {
        guard let methodEnd = input.firstIndex(of: 0x20, in: line) else {
            throw .malformed("the request line has no target")
        }
        guard input.allSatisfy(line.lowerBound..<methodEnd, ByteClass.isToken) else {
            throw .malformed("the method is not a token")
        }
        let afterMethod = methodEnd + 1..<line.upperBound
        guard let targetEnd = input.firstIndex(of: 0x20, in: afterMethod), targetEnd > methodEnd + 1 else {
            throw .malformed("the request line has no target or no version")
        }
        try readVersion(input, targetEnd + 1..<line.upperBound)
        target = Part(methodEnd + 1..<targetEnd)
        guard let known = Method(input, line.lowerBound..<methodEnd) else {
            // Its target may have a form of its own (CONNECT), so that only its characters are looked at.
            for index in target.range where !ByteClass.isVisible(input[index]) {
                throw .malformed("a character that no target may have")
            }
            return false
        }
        method = known
        try readTarget(input)
        return true
    }

    private mutating func readVersion(_ input: Span<UInt8>, _ range: Range<Int>) throws(HeadFailure) {
        if input.equals("HTTP/1.1", in: range) { return }
        guard input.equals("HTTP/1.0", in: range) else {
            throw .malformed("the version is not HTTP/1.1 or HTTP/1.0")
        }
        isVersion10 = true
        closes = true
    }

    private mutating func readTarget(_ input: Span<UInt8>) throws(HeadFailure) {
        let range = target.range
        if input[range.lowerBound] == UInt8(ascii: "/") { return try readPath(input, range) }
        if range.count == 1, input[range.lowerBound] == UInt8(ascii: "*"), method == .options {
            isAsterisk = true
            path = target
            return
        }
        guard let start = authorityStart(input, range) else { throw .malformed("the target is not a path") }
        var end = start
        while end < range.upperBound, input[end] != UInt8(ascii: "/"), input[end] != UInt8(ascii: "?") {
            guard ByteClass.isHost(input[end]) else { throw .malformed("the target's host is not one") }
            end += 1
        }
        guard end > start else { throw .malformed("the target has no host") }
        authority = Part(start..<end)
        try readPath(input, end..<range.upperBound)
    }

    /// Where the host begins in an absolute-form target.
    private func authorityStart(_ input: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for scheme: StaticString in ["http://", "https://"] {
            let end = range.lowerBound + scheme.utf8CodeUnitCount
            if end <= range.upperBound, input.equalsIgnoringCase(scheme, in: range.lowerBound..<end) {
                return end
            }
        }
        return nil
    }

    /// Splits the path on its raw slashes; `range` is path and query. An empty path (absolute form) is `/`.
    private mutating func readPath(_ input: Span<UInt8>, _ range: Range<Int>) throws(HeadFailure) {
        let end = input.firstIndex(of: UInt8(ascii: "?"), in: range) ?? range.upperBound
        path = Part(range.lowerBound..<end)
        if end < range.upperBound {
            hasQuery = true
            query = Part(end + 1..<range.upperBound)
            for index in query.range
            where !ByteClass.isVisible(input[index]) || input[index] == UInt8(ascii: "#") {
                throw .malformed("a character that no query may have")
            }
        }
        var start = path.range.lowerBound + 1
        while start <= end {
            let slash = input.firstIndex(of: UInt8(ascii: "/"), in: start..<end) ?? end
            try checkSegment(input, start..<slash)
            if segmentCount < Self.segmentsMax { segments[segmentCount] = Part(start..<slash) }
            segmentCount += 1
            start = slash + 1
        }
        segmentCount = max(segmentCount, 1)
    }

    /// Refuses what could mean another path to somebody else: hidden slashes, NUL, and dot segments.
    private mutating func checkSegment(_ input: Span<UInt8>, _ range: Range<Int>) throws(HeadFailure) {
        // Nearly every segment: nothing encoded, and too long for dots.
        if range.count > 2, input.allSatisfy(range, ByteClass.isPlainPath) { return }
        var index = range.lowerBound
        var dots = 0
        var characters = 0
        while index < range.upperBound {
            var byte = input[index]
            guard ByteClass.isPath(byte) else { throw .malformed("a character that no path may have") }
            index += 1
            if byte == UInt8(ascii: "%") {
                guard index + 2 <= range.upperBound, let high = ByteClass.hexValue(input[index]),
                    let low = ByteClass.hexValue(input[index + 1])
                else { throw .malformed("a percent sign without two hexadecimal digits") }
                byte = high << 4 | low
                if byte == 0 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") {
                    throw .malformed("an encoded slash, backslash or NUL in the path")
                }
                isEscaped = true
                index += 2
            }
            characters += 1
            if byte == UInt8(ascii: ".") { dots += 1 }
        }
        if dots == characters, dots == 1 || dots == 2 { throw .malformed("a dot segment in the path") }
    }
}
