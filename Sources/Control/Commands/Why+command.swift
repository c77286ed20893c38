import Shared

extension Command {
    static let why = Command(
        "why", operands: "REQUEST", count: 1...1,
        summary: "one request explained: where it is, what it waits for, what became of it",
        details:
            "Without --user every lane may have to be searched, which takes a while when much is queued.",
        options: [
            Option("user", letter: "u", value: "USER", "whose request it is, to look into one lane only")
        ]
    ) { session throws(CommandFailure) in
        let id = try Command.requestID(session.arguments.operands[0])
        let user = try session.arguments.user()
        let lanes = try session.lanes()
        var postgres: PostgresConnection?
        var fault: String?
        // PostgreSQL may be just what is down; Redis still tells the half of it.
        do throws(CommandFailure) { postgres = try session.postgres(lanes.configuration) } catch {
            fault = error.text
        }
        let trace = try RequestSearch(lanes: lanes, postgres: postgres).trace(
            id, user: user, postgresFault: fault)
        if session.wantsJSON {
            session.output.object(trace.encode)
        } else {
            for line in trace.lines(session.output) { session.output.line(line) }
        }
        if trace.state == "unknown" {
            throw .failed("nobody knows request \(id): check the id, or ask again with PostgreSQL up")
        }
    }
}
