/// One argument of a command: bytes as they are, text as UTF-8, numbers as decimal digits.
package enum RedisArgument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral
{
    case text(String)
    case bytes([UInt8])
    case integer(Int64)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }

    /// A number of any integer type.
    package static func number(_ value: some BinaryInteger) -> RedisArgument { .integer(Int64(value)) }
}

/// Commands encoded as RESP into one buffer that is kept from flush to flush.
///
/// Written here rather than by hiredis' formatter, which allocates each command by itself.
package struct RedisCommands: Sendable {
    private(set) var buffer: [UInt8] = []
    /// Arguments that were announced by `begin` and are still to come.
    private var missing = 0

    package init() {}

    /// Appends one command.
    package mutating func append(_ arguments: [RedisArgument]) {
        begin(arguments.count)
        for argument in arguments { add(argument) }
    }

    /// Starts a command of `count` arguments, its name among them; exactly so many `add` must follow.
    package mutating func begin(_ count: Int) {
        precondition(missing == 0 && count > 0, "a Redis command was left unfinished")
        missing = count
        header(UInt8(ascii: "*"), count)
    }

    package mutating func add(_ argument: RedisArgument) {
        switch argument {
        case .text(let text): add(text)
        case .bytes(let bytes): add(bytes)
        case .integer(let number): add(number)
        }
    }

    package mutating func add(_ text: String) { add(Array(text.utf8).span) }

    package mutating func add(_ text: StaticString) {
        text.withUTF8Buffer { bytes in add(unsafe bytes.span) }
    }

    package mutating func add(_ bytes: [UInt8]) { add(bytes.span) }

    /// Adds the text form of an id.
    package mutating func add(_ id: UUID) {
        announced()
        buffer.append("$36\r\n")
        id.appendText(to: &buffer)
        buffer.append("\r\n")
    }

    package mutating func add(_ bytes: Span<UInt8>) {
        announced()
        buffer.appendBulk(bytes)
    }

    package mutating func add(_ number: Int64) {
        announced()
        let digits = DecimalDigits(number)
        let length = DecimalDigits(Int64(digits.count))
        unsafe buffer.append(count: digits.count + length.count + 5) { room in
            unsafe room.storeBytes(of: UInt8(ascii: "$"), as: UInt8.self)
            unsafe length.write(to: room + 1)
            unsafe Self.endLine(room + 1 + length.count)
            unsafe digits.write(to: room + 3 + length.count)
            unsafe Self.endLine(room + 3 + length.count + digits.count)
        }
    }

    /// Adds `count` arguments that were encoded by `appendBulk` beforehand.
    package mutating func add(encoded bytes: [UInt8], count: Int) {
        precondition(missing >= count, "more arguments than were announced")
        missing -= count
        buffer.append(bytes.span)
    }

    /// Empties the buffer and keeps its memory, unless a rare large command made it huge.
    mutating func removeAll() {
        precondition(missing == 0, "a Redis command was left unfinished")
        buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
    }

    private mutating func announced() {
        precondition(missing > 0, "more arguments than were announced")
        missing -= 1
    }

    private mutating func header(_ mark: UInt8, _ number: Int) {
        let digits = DecimalDigits(Int64(number))
        unsafe buffer.append(count: digits.count + 3) { room in
            unsafe room.storeBytes(of: mark, as: UInt8.self)
            unsafe digits.write(to: room + 1)
            unsafe Self.endLine(room + 1 + digits.count)
        }
    }

    @unsafe fileprivate static func endLine(_ room: UnsafeMutableRawPointer) {
        unsafe room.storeBytes(of: UInt8(ascii: "\r"), as: UInt8.self)
        unsafe room.storeBytes(of: UInt8(ascii: "\n"), toByteOffset: 1, as: UInt8.self)
    }
}

extension [UInt8] {
    /// Appends `bytes` as one argument of a command: `$<count>␍␊<bytes>␍␊`.
    package mutating func appendBulk(_ bytes: Span<UInt8>) {
        let digits = DecimalDigits(Int64(bytes.count))
        unsafe bytes.withUnsafeBytes { source in
            unsafe append(count: digits.count + source.count + 5) { room in
                unsafe room.storeBytes(of: UInt8(ascii: "$"), as: UInt8.self)
                unsafe digits.write(to: room + 1)
                unsafe RedisCommands.endLine(room + 1 + digits.count)
                let place = unsafe room + 3 + digits.count
                if let start = source.baseAddress {
                    unsafe place.copyMemory(from: start, byteCount: source.count)
                }
                unsafe RedisCommands.endLine(place + source.count)
            }
        }
    }
}
