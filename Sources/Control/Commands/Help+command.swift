extension Command {
    static let help = Command(
        "help", operands: "[COMMAND]", count: 0...2, summary: "this overview, or one command in full"
    ) { session throws(CommandFailure) in
        let words = session.arguments.operands
        guard !words.isEmpty else { return session.output.line(Help.overview) }
        if let command = CommandTable.all.first(where: { $0.path == words }) {
            return session.output.line(Help.page(of: command))
        }
        let group = CommandTable.all.filter { $0.path.first == words[0] }
        guard !group.isEmpty else {
            _ = try CommandTable.find(words)
            return
        }
        session.output.line(Help.page(ofGroup: words[0], group))
    }

    static let completion = Command(
        "completion", operands: "bash", count: 1...1, summary: "the completion script for a shell",
        details: "To use it at once:  source <(tasklane completion bash)"
    ) { session throws(CommandFailure) in
        guard session.arguments.operands == ["bash"] else {
            throw .usage("completion is for bash: run tasklane completion bash")
        }
        session.output.raw(Completion.bash(CommandTable.all))
    }
}
