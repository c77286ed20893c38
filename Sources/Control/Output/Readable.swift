import Shared

/// Numbers as people read them.
enum Readable {
    /// `0.42s`, `12s`, `3m20s`, `2h05m`, `4d03h`.
    static func age(seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        let whole = Int(max(0, seconds))
        switch max(0, seconds) {
        case ..<0.9995: return "\(Int((max(0, seconds) * 1000).rounded()))ms"
        case ..<9.95: return tenths(seconds) + "s"
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m\(two(whole % 60))s"
        case ..<86400: return "\(whole / 3600)h\(two(whole / 60 % 60))m"
        default: return "\(whole / 86400)d\(two(whole / 3600 % 24))h"
        }
    }

    static func age(_ duration: Duration) -> String { age(seconds: duration / .seconds(1)) }

    /// `1,234,567`
    static func count(_ value: some BinaryInteger) -> String {
        let digits = Array("\(value.magnitude)".utf8)
        var text: [UInt8] = []
        for (place, digit) in digits.enumerated() {
            if place > 0 && (digits.count - place) % 3 == 0 { text.append(UInt8(ascii: ",")) }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(decoding: text, as: UTF8.self)
    }

    /// `0/s`, `4.2/s`, `1,234/s`
    static func rate(_ perSecond: Double) -> String {
        guard perSecond.isFinite else { return "–" }
        return (perSecond < 9.95 && perSecond >= 0.05 ? tenths(perSecond) : count(Int(perSecond.rounded())))
            + "/s"
    }

    /// `512 B`, `1.4 MiB`
    static func bytes(_ value: Int64) -> String {
        var amount = Double(value)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if amount < 1024 { return unit == "B" ? "\(value) B" : tenths(amount) + " " + unit }
            amount /= 1024
        }
        return tenths(amount) + " TiB"
    }

    /// `1 entry`, `2 entries`
    static func several(_ value: Int, _ noun: String, _ plural: String) -> String {
        "\(count(value)) \(value == 1 ? noun : plural)"
    }

    /// `1 lane`, `2 lanes`
    static func several(_ value: Int, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    /// Text of a client made safe for a terminal: control characters shown as `·`, cut at `limit` scalars.
    static func printable(_ text: String, limit: Int = .max) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if shown.count >= limit {
                shown.append("…")
                break
            }
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let turnsText =
                (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            shown.append(isControl || turnsText ? "·" : scalar)
        }
        return String(shown)
    }

    static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
