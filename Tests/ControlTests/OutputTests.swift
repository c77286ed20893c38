import Testing

@testable import Control

@Suite struct `What a command prints` {
    @Test(arguments: [
        (0, "0ms"), (0.0421, "42ms"), (1.25, "1.3s"), (12.7, "12s"), (200, "3m20s"), (7500, "2h05m"),
        (356_400, "4d03h"), (-1, "0ms"), (Double.infinity, "–"),
    ]) func `writes ages short`(seconds: Double, text: String) {
        #expect(Readable.age(seconds: seconds) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func `groups digits`(value: Int, text: String) { #expect(Readable.count(value) == text) }

    @Test func `lets no client's text steer the terminal`() {
        #expect(Readable.printable("a\u{1B}[2Jb\n\u{202E}c") == "a·[2Jb··c")
        #expect(Readable.printable("abcdef", limit: 3) == "abc…")
    }

    @Test func `aligns numbers to the right and cuts at the terminal's edge`() {
        var table = Table([.text("LANE"), .number("DEPTH"), .text("WHY")])
        table.add(["007", "12", "a long reason"])
        table.add(["1023", "1,000", "x"])
        let output = Output(descriptor: -1)
        #expect(table.lines(output) == ["LANE  DEPTH  WHY", "007      12  a long reason", "1023  1,000  x"])
        #expect(
            table.lines(output, width: 18) == ["LANE  DEPTH  WHY", "007      12  a lon", "1023  1,000  x"])
    }

    @Test func `draws sparklines from zero`() {
        #expect(Sparkline.draw([0, 1, 2, 4], width: 6) == "  ▁▃▅█")
        #expect(Sparkline.draw([], width: 2) == "  ")
        #expect(Sparkline.gauge(0.5, width: 4) == "██░░")
    }

    @Test func `tells how long the rest will take`() {
        #expect(
            ProgressBar.text(verb: "redriving", done: 120, total: 200, doneHere: 120, seconds: 3)
                == "redriving ██████████████░░░░░░░░░░ 60% 120/200 40/s ETA 2.0s")
        #expect(ProgressBar.text(verb: "x", done: 0, total: 0, doneHere: 0, seconds: 0).contains("100%"))
    }
}
