import Shared

/// Durations and times as they are typed.
enum TimeText {
    /// `250ms`, `30s`, `10m`, `2h`, `7d`; a bare number is seconds.
    static func duration(_ text: String, called name: String) throws(CommandFailure) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let scales: [String: Int64] = [
            "": 1000, "ms": 1, "s": 1000, "m": 60000, "h": 3_600_000, "d": 86_400_000,
        ]
        guard let number = Int64(digits), number < 1_000_000_000,
            let scale = scales[String(text.dropFirst(digits.count))]
        else { throw .usage("\(name) is \"\(text)\": write a time such as 250ms, 30s, 10m, 2h or 7d") }
        return .milliseconds(number * scale)
    }

    /// An RFC 3339 time, a date (midnight UTC), or how long ago (`2h`).
    static func instant(
        _ text: String, called name: String, now: Timestamp
    ) throws(CommandFailure) -> Timestamp {
        if let time = Timestamp(rfc3339: Array(text.utf8).span) { return time }
        if let time = Timestamp(rfc3339: Array((text + "T00:00:00Z").utf8).span) { return time }
        do throws(CommandFailure) {
            let ago = try duration(text, called: name)
            return Timestamp(micros: now.micros - Int64(ago / .milliseconds(1)) * 1000)
        } catch {
            throw .usage(
                "\(name) is \"\(text)\": write 2026-11-20, 2026-11-20T12:00:00Z, or 2h for two hours ago")
        }
    }
}
