/// Takes a chunked body apart, byte by byte as it arrives; strict, trailers are checked and dropped.
struct ChunkedDecoder: Sendable {
    /// Why a chunked body is no good.
    enum Failure: Error, Equatable, Sendable {
        case malformed(Part)
        case tooLarge
    }
    /// What was malformed.
    enum Part: Equatable, Sendable { case size, extensions, lineEnd, trailers }

    private enum State: Equatable {
        case sizeStart, size, sizeLF
        case data, dataCR, dataLF
        case trailerStart, trailerName, trailerValue, trailerLF, endLF
        case done
    }

    private var state = State.sizeStart
    private var remaining = 0
    private var digits = 0
    /// Bytes of data so far.
    private(set) var dataBytes = 0

    var isDone: Bool { state == .done }

    /// As much as all headers may have.
    private static let trailerBytesMax = 16 * 1024
    private var trailerBytes = 0

    /// Appends the data in `input` to `body` and returns how many bytes of `input` were used: all of them,
    /// unless the body ended before.
    mutating func decode(
        _ input: Span<UInt8>, into body: inout [UInt8], dataBytesMax: Int
    ) throws(Failure) -> Int {
        var index = 0
        while index < input.count, state != .done {
            if state == .data {
                let count = min(remaining, input.count - index)
                dataBytes += count
                if dataBytes > dataBytesMax { throw .tooLarge }
                body.append(input, index..<index + count)
                remaining -= count
                index += count
                if remaining == 0 { state = .dataCR }
            } else {
                try take(input[index], dataBytesMax)
                index += 1
            }
        }
        return index
    }

    private mutating func take(_ byte: UInt8, _ dataBytesMax: Int) throws(Failure) {
        switch state {
        case .sizeStart, .size: try takeSize(byte, dataBytesMax)
        case .sizeLF:
            guard byte == 0x0A else { throw .malformed(.lineEnd) }
            state = remaining == 0 ? .trailerStart : .data
        case .dataCR:
            guard byte == 0x0D else { throw .malformed(.lineEnd) }
            state = .dataLF
        case .dataLF:
            guard byte == 0x0A else { throw .malformed(.lineEnd) }
            state = .sizeStart
        default: try takeTrailer(byte)
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ dataBytesMax: Int) throws(Failure) {
        if let value = ByteClass.hexValue(byte) {
            if state == .sizeStart {
                remaining = 0
                digits = 0
            }
            state = .size
            digits += 1
            // Sixteen digits overflow; leading zeros would let one chunk line go on for ever.
            if digits > 15 { throw .malformed(.size) }
            remaining = remaining << 4 | Int(value)
            if dataBytes + remaining > dataBytesMax { throw .tooLarge }
            return
        }
        guard state == .size else { throw .malformed(.size) }
        if byte == UInt8(ascii: ";") || ByteClass.isBlank(byte) { throw .malformed(.extensions) }
        guard byte == 0x0D else { throw .malformed(.size) }
        state = .sizeLF
    }

    private mutating func takeTrailer(_ byte: UInt8) throws(Failure) {
        trailerBytes += 1
        if trailerBytes > Self.trailerBytesMax { throw .malformed(.trailers) }
        switch state {
        case .trailerStart:
            if byte == 0x0D {
                state = .endLF
            } else {
                guard ByteClass.isToken(byte) else { throw .malformed(.trailers) }
                state = .trailerName
            }
        case .trailerName:
            if byte == UInt8(ascii: ":") {
                state = .trailerValue
            } else if !ByteClass.isToken(byte) {
                throw .malformed(.trailers)
            }
        case .trailerValue:
            if byte == 0x0D {
                state = .trailerLF
            } else if !ByteClass.isValue(byte) {
                throw .malformed(.trailers)
            }
        case .trailerLF, .endLF:
            guard byte == 0x0A else { throw .malformed(.trailers) }
            state = state == .endLF ? .done : .trailerStart
        default: preconditionFailure("the decoder is not in its trailers")
        }
    }
}

extension [UInt8] {
    /// Appends the bytes of `range` of `input`.
    mutating func append(_ input: Span<UInt8>, _ range: Range<Int>) {
        unsafe input.withUnsafeBufferPointer { unsafe append(contentsOf: $0[range]) }
    }
}
