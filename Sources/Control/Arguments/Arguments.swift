internal import CSystem
import Shared

/// The words of one command, taken apart.
struct Arguments: Sendable {
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]

    /// No words at all.
    init() {}

    /// - Parameter permute: whether options may stand behind operands; false stops at the first operand.
    init(_ words: [String], options: [Option], permute: Bool = true) throws(CommandFailure) {
        let cWords = unsafe (["tasklane"] + words).map { unsafe strdup($0) }
        let cNames = unsafe options.map { unsafe strdup($0.name) }
        defer { unsafe (cWords + cNames).forEach { unsafe free($0) } }
        let cOptions = unsafe zip(options, cNames).map { option, name in
            unsafe tl_option(
                name: name, letter: Int32(option.letter?.asciiValue ?? 0), takes_value: option.value != nil)
        }
        let scan = unsafe tl_options_begin(
            Int32(cWords.count), cWords, cOptions, Int32(options.count), permute)
        defer { unsafe tl_options_end(scan) }
        while true {
            let found = unsafe tl_options_next(scan)
            if found == -1 { break }
            guard found >= 0 else { throw unsafe Arguments.misuse(scan) }
            let value = unsafe tl_options_value(scan).map { unsafe String(cString: $0) } ?? ""
            values[options[Int(found)].name, default: []].append(value)
        }
        var place: Int32 = 0
        while let word = unsafe tl_options_operand(scan, place) {
            operands.append(unsafe String(cString: word))
            place += 1
        }
    }

    private static func misuse(_ scan: OpaquePointer?) -> CommandFailure {
        var missingValue = false
        let word = unsafe String(cString: tl_options_error(scan, &missingValue))
        return .usage(missingValue ? "option \(word) needs a value" : "unknown option \(word)")
    }

    /// Takes in what was given before the command's name.
    mutating func adopt(_ others: Arguments) {
        values.merge(others.values) { own, theirs in theirs + own }
    }

    func has(_ option: String) -> Bool { values[option] != nil }

    /// Every value given, in order.
    func values(_ option: String) -> [String] { values[option] ?? [] }

    /// The last value given, as getopt programs do.
    func value(_ option: String) -> String? { values[option]?.last }

    /// A whole number within `range`.
    func number(_ option: String, in range: ClosedRange<Int>) throws(CommandFailure) -> Int? {
        guard let text = value(option) else { return nil }
        return try Arguments.number(text, called: "--\(option)", in: range)
    }

    /// The number of a lane, which may be one that there is not.
    static func lane(_ text: String) throws(CommandFailure) -> Int {
        try number(text, called: "lane", in: 0...Int.max)
    }

    static func number(
        _ text: String, called name: String, in range: ClosedRange<Int>
    ) throws(CommandFailure) -> Int {
        // Int() takes a sign, which no number here has.
        let digits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits, let number = Int(text), range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw .usage("\(name) is \"\(text)\": give a whole number \(bounds)")
        }
        return number
    }

    /// A user's id, checked.
    func user(_ option: String = "user") throws(CommandFailure) -> UserID? {
        guard let text = value(option) else { return nil }
        guard let user = UserID(text) else {
            throw .usage("\"\(text)\" is no user id: 1 to 64 of A–Z a–z 0–9 _ . : @ -")
        }
        return user
    }
}
