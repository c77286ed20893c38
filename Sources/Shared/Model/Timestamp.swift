/// Microseconds since 1970 UTC, written and read as RFC 3339.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let micros: Int64

    package init(micros: Int64) { self.micros = micros }

    package init(milliseconds: Int64) { self.micros = milliseconds * 1000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.micros < right.micros }

    /// The years 0001 to 9999, which RFC 3339 can write and PostgreSQL can hold.
    private static let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// Reads `date-time` of RFC 3339 §5.6, offset required; digits past the microsecond are dropped.
    /// Leap seconds (`:60`) are refused, because PostgreSQL cannot keep them apart.
    package init?(rfc3339 text: Span<UInt8>) {
        var reader = DigitReader(text: text)
        guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2),
            reader.take("-"), let day = reader.number(digits: 2), reader.take("T", or: "t"),
            let hour = reader.number(digits: 2), reader.take(":"), let minute = reader.number(digits: 2),
            reader.take(":"), let second = reader.number(digits: 2), let fraction = reader.fraction(),
            let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        guard year >= 1, (1...12).contains(month), (1...Calendar.days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Calendar.daysSince1970(year: year, month: month, day: day)
        let seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
        let micros = Int64(seconds) * 1_000_000 + Int64(fraction)
        guard Timestamp.range.contains(micros) else { return nil }
        self.micros = micros
    }

    /// Bytes of the text form.
    package static let textCount = 27

    /// Appends `2026-11-20T12:00:00.123456Z`.
    package func append(to bytes: inout [UInt8]) {
        unsafe bytes.append(count: Timestamp.textCount) { unsafe writeText(to: $0) }
    }

    /// Writes the 27 bytes of the text form, two digits at a time: a page of a list has a hundred times in it.
    @unsafe package func writeText(to room: UnsafeMutableRawPointer) {
        let clamped = Int(min(max(micros, Timestamp.range.lowerBound), Timestamp.range.upperBound))
        let (seconds, fraction) = clamped.flooredDivision(by: 1_000_000)
        let (days, second) = seconds.flooredDivision(by: 86400)
        let (year, month, day) = Calendar.civil(daysSince1970: days)
        let (minutes, hours) = (second / 60, second / 3600)
        // Each pair is followed by its separator; where there is none, the next pair takes its place.
        unsafe Timestamp.put(year / 100, "0", at: 0, in: room)
        unsafe Timestamp.put(year % 100, "-", at: 2, in: room)
        unsafe Timestamp.put(month, "-", at: 5, in: room)
        unsafe Timestamp.put(day, "T", at: 8, in: room)
        unsafe Timestamp.put(hours, ":", at: 11, in: room)
        unsafe Timestamp.put(minutes - hours * 60, ":", at: 14, in: room)
        unsafe Timestamp.put(second - minutes * 60, ".", at: 17, in: room)
        unsafe Timestamp.put(fraction / 10_000, "0", at: 20, in: room)
        unsafe Timestamp.put(fraction / 100 % 100, "0", at: 22, in: room)
        unsafe Timestamp.put(fraction % 100, "Z", at: 24, in: room)
    }

    /// Writes two digits and the byte behind them.
    @inline(__always)
    @unsafe private static func put(
        _ value: Int, _ next: Unicode.Scalar, at place: Int, in room: UnsafeMutableRawPointer
    ) {
        let number = UInt32(truncatingIfNeeded: value)
        // Right below 100, and without a division.
        let tens = (number &* 103) >> 10
        let digits = UInt16(truncatingIfNeeded: tens | (number &- tens &* 10) << 8 | 0x3030)
        unsafe room.storeBytes(of: digits.littleEndian, toByteOffset: place, as: UInt16.self)
        unsafe room.storeBytes(of: UInt8(ascii: next), toByteOffset: place + 2, as: UInt8.self)
    }

    /// The text form as bytes.
    package var text: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(27)
        append(to: &bytes)
        return bytes
    }
}

extension Timestamp: CustomStringConvertible {
    package var description: String { String(decoding: text, as: UTF8.self) }
}

extension Int {
    fileprivate func flooredDivision(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Takes fixed numbers of digits from the front of a text.
private struct DigitReader: ~Escapable {
    private let text: Span<UInt8>
    private var place = 0

    @_lifetime(copy text)
    init(text: Span<UInt8>) { self.text = text }

    var isAtEnd: Bool { place == text.count }

    mutating func number(digits: Int) -> Int? {
        guard place + digits <= text.count else { return nil }
        var value = 0
        for _ in 0..<digits {
            let digit = text[place] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            place += 1
        }
        return value
    }

    mutating func take(_ one: Unicode.Scalar, or other: Unicode.Scalar? = nil) -> Bool {
        guard place < text.count else { return false }
        let byte = text[place]
        guard byte == UInt8(ascii: one) || byte == UInt8(ascii: other ?? one) else { return false }
        place += 1
        return true
    }

    /// Microseconds after an optional point; nil for a point without a digit.
    mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        var value = 0
        var digits = 0
        while place < text.count, text[place] &- UInt8(ascii: "0") < 10 {
            if digits < 6 { value = value * 10 + Int(text[place] - UInt8(ascii: "0")) }
            digits += 1
            place += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 6)..<6 { value *= 10 }
        return value
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int? {
        if take("Z", or: "z") { return 0 }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2), take(":"), let minutes = number(digits: 2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
