internal import Shared

/// What a client asks for with `Prefer` (RFC 7240). What is malformed or unknown is passed over, as that RFC demands.
struct Preferences: Equatable, Sendable {
    /// Seconds to hold the answer; at most `waitSecondsMax`.
    var waitSeconds: Int?
    /// `return=minimal`: no body where a status alone says it.
    var returnsMinimal = false
    /// `handling=lenient`: a bulk takes its good lines although others are bad.
    var isLenient = false
    /// `respond-async`: no wait, although the server waits by default.
    var respondsAsync = false

    static let waitSecondsMax = 25

    /// None.
    init() {}

    /// Reads one or more header values; the first occurrence of a preference counts (RFC 7240 §2).
    init(values: [[UInt8]]) {
        var hasReturn = false
        var hasHandling = false
        for value in values {
            var reader = FieldReader(value)
            while let preference = reader.nextPreference() {
                if preference.isNamed("wait"), waitSeconds == nil {
                    guard let seconds = Digits.saturating(preference.value) else { continue }
                    waitSeconds = min(seconds, Preferences.waitSecondsMax)
                } else if preference.isNamed("respond-async") {
                    respondsAsync = true
                } else if preference.isNamed("return"), !hasReturn {
                    hasReturn = true
                    returnsMinimal = preference.value[...].equals("minimal")
                } else if preference.isNamed("handling"), !hasHandling {
                    hasHandling = true
                    isLenient = preference.value[...].equals("lenient")
                }
            }
        }
    }
}

extension Preferences {
    /// Says which preferences were honoured (`Preference-Applied`).
    func addApplied(
        isWaited: Bool, isMinimal: Bool = false, isLenient: Bool = false, to response: inout Response
    ) {
        guard waitSeconds != nil || respondsAsync || isMinimal || isLenient else { return }
        var parts: [String] = []
        if let waitSeconds, isWaited { parts.append("wait=\(waitSeconds)") }
        if respondsAsync, !isWaited { parts.append("respond-async") }
        if isMinimal { parts.append("return=minimal") }
        if isLenient { parts.append("handling=lenient") }
        if !parts.isEmpty { response.add("Preference-Applied", parts.joined(separator: ", ")) }
    }
}

/// Decimal digits as bytes: `Int("+5")` is 5, so text never goes through `Int.init`.
enum Digits {
    /// The number of one or more digits, or nil for anything else; numbers past 10⁹ read as 10⁹.
    static func saturating(_ text: [UInt8]) -> Int? {
        guard !text.isEmpty else { return nil }
        var value = 0
        for byte in text {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = min(value * 10 + Int(digit), 1_000_000_000)
        }
        return value
    }
}

/// One preference: its name and its value without quotes; empty where it has none.
struct Preference {
    let name: [UInt8]
    let value: [UInt8]

    func isNamed(_ expected: StaticString) -> Bool { name[...].equalsIgnoringCase(expected) }
}
