internal import Shared

/// What a text field may hold, judged in one pass over its UTF-8 (API.md §2).
struct TextRule: Sendable {
    /// Counted in Unicode scalars: a `Character` may hide a hundred combining marks.
    let scalarsMin: Int
    let scalarsMax: Int
    let allowsLines: Bool
    let allowsBlank: Bool

    static let title = TextRule(scalarsMin: 1, scalarsMax: 255, allowsLines: false, allowsBlank: false)
    static let description = TextRule(scalarsMin: 0, scalarsMax: 1000, allowsLines: true, allowsBlank: true)

    /// Adds a fault of member `name` for each part of the rule that the text breaks.
    func check(_ text: Span<UInt8>, name: StaticString, faults: inout FaultList) {
        var scalars = text.count
        var hasControl = false
        // Nearly every text is ASCII without control characters: one scalar for each byte.
        if !text.isFree(0..<text.count, of: { $0.hasOtherThanPlain }) {
            (scalars, hasControl) = look(at: text)
        }
        if scalars < scalarsMin {
            faults.add(name, .tooShort, "must not be empty", limit: scalarsMin)
        } else if !allowsBlank, WhiteSpace.fills(text) {
            faults.add(name, .blank, "must not be only white space")
        }
        if scalars > scalarsMax {
            let detail = "must have at most \(scalarsMax) Unicode characters"
            faults.add(name, .tooLong, detail, limit: scalarsMax)
        }
        if hasControl {
            let detail =
                allowsLines
                ? "must not have control characters other than line feed and tab"
                : "must not have control characters"
            faults.add(name, .controlCharacter, detail)
        }
    }

    /// How many scalars the text (valid UTF-8) has, and whether one is a control character that is not allowed.
    private func look(at text: Span<UInt8>) -> (scalars: Int, hasControl: Bool) {
        var scalars = 0
        var hasControl = false
        for place in 0..<text.count {
            let byte = text[place]
            if byte & 0xC0 != 0x80 { scalars += 1 }
            if byte < 0x20 || byte == 0x7F {
                hasControl = hasControl || !(allowsLines && (byte == 0x0A || byte == 0x09))
            } else if byte == 0xC2, text[place + 1] < 0xA0 {
                hasControl = true
            }
        }
        return (scalars, hasControl)
    }
}

/// The Unicode property White_Space over UTF-8 bytes.
enum WhiteSpace {
    /// True when the text (valid UTF-8) is nothing but white space.
    static func fills(_ text: Span<UInt8>) -> Bool {
        var place = 0
        while place < text.count {
            let length = lengthOfWhiteSpace(text, at: place)
            guard length > 0 else { return false }
            place += length
        }
        return true
    }

    /// Bytes of the white space scalar at `place`, or 0.
    private static func lengthOfWhiteSpace(_ text: Span<UInt8>, at place: Int) -> Int {
        switch text[place] {
        case 0x09...0x0D, 0x20: return 1
        case 0xC2:
            let next = text[place + 1]
            return next == 0x85 || next == 0xA0 ? 2 : 0
        case 0xE1: return text[place + 1] == 0x9A && text[place + 2] == 0x80 ? 3 : 0
        case 0xE2:
            let (second, third) = (text[place + 1], text[place + 2])
            let isGeneral =
                second == 0x80
                && ((0x80...0x8A).contains(third) || third == 0xA8 || third == 0xA9 || third == 0xAF)
            return isGeneral || second == 0x81 && third == 0x9F ? 3 : 0
        case 0xE3: return text[place + 1] == 0x80 && text[place + 2] == 0x80 ? 3 : 0
        default: return 0
        }
    }
}
