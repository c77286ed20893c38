/// Rows under headings, columns as wide as their widest cell.
struct Table {
    struct Column {
        let title: String
        let isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    struct Cell: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        let text: String
        let style: Style?

        init(_ text: String, _ style: Style? = nil) {
            self.text = text
            self.style = style
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    let columns: [Column]
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// - Parameter cells: one for each column.
    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells)
    }

    /// The lines, headings first; the last column is cut where the terminal ends.
    func lines(_ output: Output, width: Int? = nil) -> [String] {
        let widths = columns.indices.map { column in
            rows.reduce(columns[column].title.unicodeScalars.count) {
                max($0, $1[column].text.unicodeScalars.count)
            }
        }
        let limit = width ?? (output.isTerminal ? output.size.columns : Int.max)
        let heading = columns.map { Cell($0.title, .dim) }
        return ([heading] + rows).map { line($0, widths, limit, output) }
    }

    func print(to output: Output) {
        for line in lines(output) { output.line(line) }
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ limit: Int, _ output: Output) -> String {
        var text = ""
        var used = 0
        for (place, cell) in cells.enumerated() {
            let last = place == cells.count - 1
            let room = max(0, limit - used)
            let shown = String(String.UnicodeScalarView(cell.text.unicodeScalars.prefix(room)))
            let padding = String(
                repeating: " ", count: max(0, min(widths[place], room) - shown.unicodeScalars.count))
            let styled = output.styled(shown, cell.style)
            text += columns[place].isNumber ? padding + styled : last ? styled : styled + padding
            used += max(widths[place], shown.unicodeScalars.count) + 2
            if !last { text += used < limit ? "  " : "" }
        }
        return text
    }
}
