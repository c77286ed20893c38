import Shared

extension Command {
    static let deadShow = Command(
        "dead show", operands: "ID", count: 1...1,
        summary: "one dead letter in full: every attempt, the payload"
    ) { session throws(CommandFailure) in
        let id = try Command.requestID(session.arguments.operands[0])
        let letters = try session.deadLetters(try session.configuration())
        guard let letter = try letters.found(id) else {
            throw .failed("\(id) is no dead letter: tasklane why \(id) tells where it is")
        }
        if session.wantsJSON {
            session.output.object { json in
                letter.encode(to: &json)
                letter.encodeRest(to: &json)
            }
        } else {
            for line in letter.lines(session.output) { session.output.line(line) }
        }
    }

    static let deadExport = Command(
        "dead export", summary: "dead letters with attempts and payloads, one JSON object a line",
        options: DeadLetterFilter.options + [Option("all", letter: "a", "in every state")]
    ) { session throws(CommandFailure) in
        let filter = try DeadLetterFilter(session.arguments, now: Lanes.now)
        try session.deadLetters(try session.configuration()).forEach(filter) {
            letter throws(CommandFailure) in
            session.output.object { json in
                letter.encode(to: &json)
                letter.encodeRest(to: &json)
            }
            return true
        }
    }

    /// A request's id as an operand.
    static func requestID(_ text: String) throws(CommandFailure) -> UUID {
        guard let id = UUID(text) else {
            throw .usage("\"\(text)\" is no request id: it looks like 0198f3c2-7b1f-…")
        }
        return id
    }
}
