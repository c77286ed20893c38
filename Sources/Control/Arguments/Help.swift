/// The texts of `tasklane help`.
enum Help {
    /// Every command with one line each.
    static var overview: String {
        var lines = ["usage: tasklane [--config FILE] COMMAND [OPTION…]", ""]
        for (title, commands) in CommandTable.groups {
            lines.append("\(title):")
            for command in commands {
                let name = command.heading
                if name.count > 26 {
                    lines.append("  \(name)")
                    lines.append(pad("", 30) + command.summary)
                } else {
                    lines.append("  " + pad(name, 28) + command.summary)
                }
            }
            lines.append("")
        }
        lines.append("Every listing takes --json. Exit status: 0 done, 1 failed, 2 wrong usage.")
        lines.append("tasklane help COMMAND tells more.")
        return lines.joined(separator: "\n")
    }

    /// One command with its options.
    static func page(of command: Command) -> String {
        let options = command.options + Option.global
        let width = (options.map { $0.heading.count }.max() ?? 0) + 2
        var lines = ["usage: tasklane \(command.heading) [OPTION…]", "", capitalised(command.summary) + "."]
        if !command.details.isEmpty { lines += [""] + paragraph(command.details) }
        lines += ["", "options:"]
        for option in options { lines += hanging("  " + pad(option.heading, width), option.help) }
        return lines.joined(separator: "\n")
    }

    /// A group such as `dead`.
    static func page(ofGroup name: String, _ commands: [Command]) -> String {
        let width = (commands.map { $0.heading.count }.max() ?? 0) + 2
        let lines = commands.flatMap { hanging("  " + pad($0.heading, width), $0.summary) }
        return (["usage: tasklane \(name) COMMAND [OPTION…]", ""] + lines).joined(separator: "\n")
    }

    /// `text` after `head`, broken at 100 columns and indented to where it began.
    private static func hanging(_ head: String, _ text: String) -> [String] {
        var lines = [head]
        for word in text.split(separator: " ") {
            let isFirst = lines[lines.count - 1].count == head.count
            if !isFirst, lines[lines.count - 1].count + 1 + word.count > 100 {
                lines.append(pad("", head.count))
            }
            lines[lines.count - 1] += (lines[lines.count - 1].count == head.count ? "" : " ") + word
        }
        return lines
    }

    /// The lines of `text`, those over 100 columns run on with their neighbours.
    private static func paragraph(_ text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.contains(where: { $0.count > 100 }) else { return lines.map(String.init) }
        return text.split(separator: "\n\n").map {
            hanging("", String($0.split(separator: "\n").joined(separator: " ")))
        }
        .reduce(into: []) { $0 += ($0.isEmpty ? [] : [""]) + $1 }
    }

    private static func capitalised(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst()
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
