/// One command of `tasklane`: how it is called, what it says of itself, what it does.
struct Command: Sendable {
    /// `["dead", "list"]`.
    let path: [String]
    /// What follows the name in the usage line, options of its own left out.
    let operands: String
    let summary: String
    /// More, for `tasklane help COMMAND`; lines of at most 80 columns.
    let details: String
    let options: [Option]
    /// How many operands it takes.
    let operandCount: ClosedRange<Int>
    let run: @Sendable (Session) throws(CommandFailure) -> Void

    init(
        _ path: String, operands: String = "", count: ClosedRange<Int> = 0...0, summary: String,
        details: String = "", options: [Option] = [],
        run: @escaping @Sendable (Session) throws(CommandFailure) -> Void
    ) {
        self.path = path.split(separator: " ").map(String.init)
        self.operands = operands
        operandCount = count
        self.summary = summary
        self.details = details
        self.options = options
        self.run = run
    }

    var name: String { path.joined(separator: " ") }

    /// `dead redrive (ID… | filter)`
    var heading: String { operands.isEmpty ? name : name + " " + operands }
}
