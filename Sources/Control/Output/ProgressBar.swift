internal import CSystem
import Shared

/// How far a long action is, drawn on standard error while that is a terminal: share, rate, time left.
struct ProgressBar: ~Copyable {
    private let verb: String
    private let isShown: Bool
    private let started = tl_monotonic_nanos()
    private var drawnAt: Int64 = 0
    private var first: Int?

    /// - Parameter verb: what is being done, for the head of the line: `redriving`.
    init(_ verb: String) {
        self.verb = verb
        isShown = isatty(STDERR_FILENO) == 1
    }

    /// Draws at most ten times a second, and always at the end.
    mutating func show(_ done: Int, of total: Int) {
        let now = tl_monotonic_nanos()
        let start = first ?? done
        if first == nil { first = done }
        guard isShown, done >= total || now - drawnAt > 100_000_000 else { return }
        drawnAt = now
        let text = ProgressBar.text(
            verb: verb, done: done, total: total, doneHere: done - start,
            seconds: Double(now - started) / 1e9)
        let bytes = Array("\r\u{1B}[K\(text)".utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Takes the bar away, so that a summary can follow.
    func clear() {
        guard isShown, drawnAt != 0 else { return }
        let bytes = Array("\r\u{1B}[K".utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    /// `redriving ██████░░░░ 60% 120/200 40/s ETA 2.0s`
    static func text(verb: String, done: Int, total: Int, doneHere: Int, seconds: Double) -> String {
        let share = total == 0 ? 1 : Double(done) / Double(total)
        let rate = seconds > 0 ? Double(doneHere) / seconds : 0
        let left = rate > 0 ? Readable.age(seconds: Double(max(0, total - done)) / rate) : "–"
        return "\(verb) \(Sparkline.gauge(share, width: 24)) \(Int(share * 100))% "
            + "\(Readable.count(done))/\(Readable.count(total)) \(Readable.rate(rate)) ETA \(left)"
    }
}
