internal import CSystem
import Shared

/// Runs the command that the arguments name and ends the process with its status.
func runControlMain() {
    let output = Output()
    var status: Int32 = 0
    do throws(CommandFailure) {
        try dispatch(Array(CommandLine.arguments.dropFirst()), output)
    } catch {
        output.flush()
        complain(error.text)
        status = error.status
    }
    output.flush()
    // An export that is cut short must not look whole.
    if let failure = output.failure, status == 0 {
        complain("standard output could not be written: \(failure): what is there is not all")
        status = 1
    }
    exit(status)
}

/// One line on standard error, whatever the text holds.
private func complain(_ text: String) {
    let line = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }
    let bytes = Array("tasklane: \(line.joined())\n".utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}

private func dispatch(_ words: [String], _ output: Output) throws(CommandFailure) {
    let version = Option("version", "print the version")
    let leading = try Arguments(words, options: Option.global + [version], permute: false)
    if leading.has("version") { return output.line("tasklane \(Version.text)") }
    guard !leading.operands.isEmpty else {
        output.line(Help.overview)
        if leading.has("help") || words.isEmpty { return }
        throw .usage("no command given: choose one from the list above")
    }
    let (command, rest) = try CommandTable.find(leading.operands)
    var arguments = try Arguments(rest, options: command.options + Option.global)
    arguments.adopt(leading)
    if arguments.has("help") { return output.line(Help.page(of: command)) }
    guard command.operandCount.contains(arguments.operands.count) else {
        throw .usage("usage: tasklane \(command.heading)  (tasklane help \(command.name))")
    }
    try command.run(Session(arguments: arguments, output: output))
}
