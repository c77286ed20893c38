import Shared

/// Draws a `TopModel` as the lines of a screen.
struct TopScreen {
    let model: TopModel
    let output: Output
    let columns: Int
    let rows: Int
    /// The lines of the view that is open, where it is not the table of lanes.
    let detail: [String]

    private static let headCount = 6

    /// Rows of the table.
    static func page(rows: Int) -> Int { max(1, rows - headCount - 2) }

    func lines() -> [String] {
        guard let totals = model.totals else { return ["reading …"] }
        var lines = head(totals)
        let room = max(0, rows - lines.count - 1)
        lines += (model.view == .lanes ? table(room) : detail).prefix(room)
        while lines.count < rows - 1 { lines.append("") }
        lines.append(foot)
        return lines
    }

    private func head(_ totals: Totals) -> [String] {
        let style: Style = totals.lagSeconds > 30 ? .alarm : totals.lagSeconds > 5 ? .yellow : .green
        let clock = totals.at.description.dropFirst(11).prefix(8)
        let rate = (model.accepted.last ?? 0, model.settled.last ?? 0)
        let width = max(10, columns - 30)
        func line(_ name: String, _ value: String, _ style: Style?, _ history: [Double]) -> String {
            let label = output.styled(name + String(repeating: " ", count: max(0, 7 - name.count)), .dim)
            let padded = value + String(repeating: " ", count: max(1, 14 - value.unicodeScalars.count))
            return label + output.styled(padded, style)
                + output.styled(Sparkline.draw(history, width: width), .cyan)
        }
        let unowned = model.readings.count - totals.ownedLanes
        let facts = [
            (Readable.several(model.workers, "worker"), model.workers == 0),
            ("\(totals.ownedLanes)/\(model.readings.count) lanes", unowned > 0),
            ("\(Readable.several(totals.parkedUsers, "user")) parked", totals.parkedUsers > 0),
            (
                model.deadLetters.map { "\(Readable.count($0)) dead" } ?? "PostgreSQL down",
                (model.deadLetters ?? 1) > 0
            ),
            ("\(totals.unaccounted) unaccounted", totals.unaccounted > 0),
            ("\(totals.pausedLanes) paused", totals.pausedLanes > 0),
        ]
        let shown = facts.map { output.styled($0.0, $0.1 ? .yellow : nil) }.joined(separator: " · ")
        return [
            output.styled("tasklane top", .bold)
                + "  \(clock) UTC   depth \(Readable.count(totals.depth))   oldest in lane "
                + (totals.lagLane.map { "\($0)" } ?? "–"),
            line(
                "lag", totals.waiting == 0 ? "nothing waits" : Readable.age(seconds: totals.lagSeconds),
                style, model.lag),
            line("in", Readable.rate(rate.0), nil, model.accepted),
            line("out", Readable.rate(rate.1), nil, model.settled), shown, "",
        ]
    }

    private func table(_ room: Int) -> [String] {
        guard room > 1, let now = model.totals?.at else { return [] }
        var table = Table([
            .text("LANE"), .number("LAG"), .number("DEPTH"), .number("RATE"), .number("PARKED"),
            .text("OWNER"),
            .text("STATE"),
        ])
        let lanes = model.sorted
        let page = room - 1
        let first = max(0, min(model.selected - page + 1, lanes.count - page))
        for reading in lanes[first...].prefix(page) {
            let cells = reading.cells(now)
            let rate =
                model.laneRates.indices.contains(reading.lane.index) ? model.laneRates[reading.lane.index] : 0
            table.add([
                cells[0], cells[1], cells[2], Table.Cell(rate == 0 ? "–" : Readable.rate(rate)), cells[3],
                cells[4], cells[6],
            ])
        }
        var lines = table.lines(output, width: columns)
        let mark = model.selected - first + 1
        if lines.indices.contains(mark) { lines[mark] = output.styled("›", .bold) + " " + lines[mark] }
        for place in lines.indices where place != mark { lines[place] = "  " + lines[place] }
        return lines
    }

    private var foot: String {
        if let prompt = model.prompt {
            return output.styled(" \(prompt.question): \(prompt.text)▏  ↵ open  esc cancel", .inverse)
        }
        let keys =
            model.view == .lanes
            ? " q quit  s sort: \(model.order.rawValue)  ↑↓ ↵ lane  l lane…  u user…  r request…  ? help"
            : " esc back  q quit  l lane…  u user…  r request…"
        return output.styled(
            keys + String(repeating: " ", count: max(0, columns - keys.unicodeScalars.count)), .inverse)
    }

    static let help = [
        "  lag: age of the oldest queued mutation; in, out: mutations a second.",
        "", "  s          sort lanes by lag, depth, rate, parked, number",
        "  ↑ ↓ j k    choose a lane; page up and down too",
        "  ↵          open the lane: counters, oldest mutations, parked users",
        "  l          open a lane by its number",
        "  u          what waits of one user", "  r          one request explained, as tasklane why does",
        "  esc        back to the lanes", "  q          quit", "",
        "  This screen changes nothing: use the other commands to act.",
    ]
}
