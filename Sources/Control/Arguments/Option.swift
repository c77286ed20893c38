/// One option of a command, as getopt_long(3) knows it and as help shows it.
struct Option: Sendable {
    let name: String
    let letter: Character?
    /// What help calls the value; nil for an option that takes none.
    let value: String?
    let help: String

    init(_ name: String, letter: Character? = nil, value: String? = nil, _ help: String) {
        self.name = name
        self.letter = letter
        self.value = value
        self.help = help
    }

    /// `-n, --count N`
    var heading: String {
        (letter.map { "-\($0), " } ?? "    ") + "--\(name)" + (value.map { " \($0)" } ?? "")
    }

    static let json = Option("json", "print JSON: one object, or one object a line for lists")
    static let config = Option(
        "config", value: "FILE", "read settings from FILE (an EnvironmentFile of systemd)")
    static let help = Option("help", letter: "h", "print this help")
    /// What every command takes.
    static let global = [json, config, help]
}
