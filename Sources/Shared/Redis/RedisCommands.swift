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
/// Written here rather than by hiredis' formatter, which allocates each command by itself (measured: half the cost).
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

    package mutating func add(_ text: String) {
        count(text.utf8.count)
        buffer.append(contentsOf: text.utf8)
        end()
    }

    package mutating func add(_ bytes: [UInt8]) {
        count(bytes.count)
        buffer.append(contentsOf: bytes)
        end()
    }

    package mutating func add(_ bytes: Span<UInt8>) {
        count(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
        end()
    }

    package mutating func add(_ number: Int64) {
        // 20 bytes hold any 64-bit number with its sign.
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        let first = Self.digits(of: number, in: &digits)
        count(20 - first)
        for place in first..<20 { buffer.append(digits[place]) }
        end()
    }

    /// Empties the buffer and keeps its memory, unless a rare large command made it huge.
    mutating func removeAll() {
        precondition(missing == 0, "a Redis command was left unfinished")
        buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
    }

    private mutating func count(_ length: Int) {
        precondition(missing > 0, "more arguments than were announced")
        missing -= 1
        header(UInt8(ascii: "$"), length)
    }

    private mutating func end() {
        buffer.append(UInt8(ascii: "\r"))
        buffer.append(UInt8(ascii: "\n"))
    }

    private mutating func header(_ mark: UInt8, _ number: Int) {
        buffer.append(mark)
        if number < 10 {
            buffer.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            var digits: InlineArray<20, UInt8> = .init(repeating: 0)
            for place in Self.digits(of: Int64(number), in: &digits)..<20 { buffer.append(digits[place]) }
        }
        end()
    }

    /// Writes the digits right-aligned and gives the place of the first.
    private static func digits(of number: Int64, in digits: inout InlineArray<20, UInt8>) -> Int {
        var place = 20
        var rest = number.magnitude
        repeat {
            place -= 1
            digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        if number < 0 {
            place -= 1
            digits[place] = UInt8(ascii: "-")
        }
        return place
    }
}
