internal import Shared

/// Parses a request head line by line as it arrives, strictly: what RFC 9112 lets a server guess is refused.
///
/// Feed it all bytes since the start of the request, again and again as they grow; the result does not depend
/// on how they were split. It never reads past the end of the head.
struct RequestHeadParser: Sendable {
    /// What the bytes so far amount to.
    enum Step: Equatable, Sendable {
        case needsMore
        case done
        case failed(HeadFailure)
    }

    private enum Stage { case start, requestLine, headers }

    private(set) var layout = RequestLayout()
    private var stage = Stage.start
    private var lineStart = 0
    private var scanned = 0
    private var headerCount = 0
    private var isMethodKnown = true

    /// Looks at what is new in `input`.
    mutating func parse(_ input: Span<UInt8>, _ limits: Limits) -> Step {
        do throws(HeadFailure) {
            if stage == .start, try !skipEmptyLine(input) { return .needsMore }
            while let lineFeed = lineFeed(in: input) {
                scanned = lineFeed + 1
                if try takeLine(input, lineFeed, limits) { return .done }
                lineStart = scanned
            }
            scanned = input.count
            try checkUnfinishedLine(input.count, limits)
            return .needsMore
        } catch {
            return .failed(error)
        }
    }

    /// One empty line before the request is passed over (RFC 9112 §2.2); anything else that cannot begin a
    /// method, such as a TLS greeting, is refused at its first byte. False when there is too little to tell.
    private mutating func skipEmptyLine(_ input: Span<UInt8>) throws(HeadFailure) -> Bool {
        guard input.count > lineStart else { return false }
        if lineStart == 0, input[0] == 0x0D {
            guard input.count > 1 else { return false }
            guard input[1] == 0x0A else { throw .malformed("a CR without LF") }
            lineStart = 2
            scanned = 2
            guard input.count > 2 else { return false }
        }
        guard ByteClass.isToken(input[lineStart]) else { throw .malformed("the method is not a token") }
        stage = .requestLine
        return true
    }

    private func lineFeed(in input: Span<UInt8>) -> Int? {
        input.firstIndex(of: 0x0A, in: scanned..<input.count)
    }

    private func checkUnfinishedLine(_ count: Int, _ limits: Limits) throws(HeadFailure) {
        let length = count - lineStart
        if stage == .requestLine {
            if length >= limits.requestLineBytesMax + 2 { throw .uriTooLong }
        } else if length >= limits.headerBytesMax + 2
            || (length >= 2 && count + 1 - layout.headersStart > limits.headersBytesMax)
        {
            throw .headersTooLarge
        }
    }

    /// Takes the line that ends at `lineFeed`; true when it was the empty one at the end of the head.
    private mutating func takeLine(
        _ input: Span<UInt8>, _ lineFeed: Int, _ limits: Limits
    ) throws(HeadFailure) -> Bool {
        let length = lineFeed - 1 - lineStart
        if stage == .requestLine {
            if length > limits.requestLineBytesMax { throw .uriTooLong }
        } else if length != 0 || input[lineStart] != 0x0D {
            headerCount += 1
            if length > limits.headerBytesMax || lineFeed + 1 - layout.headersStart > limits.headersBytesMax
                || headerCount > limits.headersMax
            {
                throw .headersTooLarge
            }
        }
        guard length >= 0, input[lineFeed - 1] == 0x0D else { throw .malformed("a LF without CR") }
        let line = lineStart..<lineFeed - 1
        if stage == .requestLine {
            isMethodKnown = try layout.readRequestLine(input, line)
            layout.headersStart = lineFeed + 1
            stage = .headers
            return false
        }
        if !line.isEmpty {
            try layout.readHeaderLine(input, line)
            return false
        }
        layout.headEnd = lineFeed + 1
        try layout.finish(input)
        guard isMethodKnown else { throw .notImplemented("this method is not known here") }
        return true
    }
}
