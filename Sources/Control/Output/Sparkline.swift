/// A row of little bars: how a number went.
enum Sparkline {
    private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The newest `width` values, the oldest first; scaled from 0 to their own greatest.
    static func draw(_ values: [Double], width: Int) -> String {
        let shown = values.suffix(width)
        let most = shown.max() ?? 0
        let drawn = shown.map { value -> Character in
            guard most > 0, value > 0 else { return bars[0] }
            return bars[min(bars.count - 1, Int(value / most * Double(bars.count - 1) + 0.5))]
        }
        return String(repeating: " ", count: max(0, width - drawn.count)) + String(drawn)
    }

    /// A bar of `width` cells, of which `fraction` (0 to 1) is full.
    static func gauge(_ fraction: Double, width: Int) -> String {
        let full = Int((min(1, max(0, fraction)) * Double(width)).rounded())
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }
}
