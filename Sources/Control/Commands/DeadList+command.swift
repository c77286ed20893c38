import Shared

extension Command {
    static let deadList = Command(
        "dead list", summary: "dead letters that wait for a decision, the oldest first",
        options: DeadLetterFilter.options + [
            Option("all", letter: "a", "in every state, also redriven and dropped"),
            Option("count", letter: "n", value: "N", "at most N (as text 50, as JSON all)"),
        ]
    ) { session throws(CommandFailure) in
        let filter = try DeadLetterFilter(session.arguments, now: Lanes.now)
        let asked = try session.arguments.number("count", in: 1...Int.max)
        let limit = asked ?? (session.wantsJSON ? .max : 50)
        let letters = try session.deadLetters(try session.configuration())
        var table = Table([
            .text("REQUEST"), .number("AGE"), .text("USER"), .text("OP"), .text("REASON"), .text("STATE"),
            .number("TRIES"), .text("LAST ERROR"),
        ])
        var shown = 0
        let now = Lanes.now
        try letters.forEach(filter) { letter throws(CommandFailure) in
            shown += 1
            if session.wantsJSON {
                session.output.object { json in letter.encode(to: &json) }
            } else {
                table.add(letter.cells(now))
            }
            return shown < limit
        }
        guard !session.wantsJSON else { return }
        guard shown > 0 else { return session.output.line("no dead letters") }
        table.print(to: session.output)
        let all = shown < limit ? shown : try letters.counted(filter)
        if all > shown {
            session.output.line(
                "\(Readable.count(all - shown)) more: -n \(all) shows them, dead groups sums up")
        }
    }

    static let deadGroups = Command(
        "dead groups", summary: "dead letters by error signature, the most frequent first",
        options: DeadLetterFilter.options + [Option("all", letter: "a", "in every state")]
    ) { session throws(CommandFailure) in
        let filter = try DeadLetterFilter(session.arguments, now: Lanes.now)
        let letters = try session.deadLetters(try session.configuration())
        let groups: [DeadLetters.Group]
        do throws(PostgresError) { groups = try letters.groups(filter) } catch { throw CommandFailure(error) }
        if session.wantsJSON {
            for group in groups { session.output.object { json in encode(group, to: &json) } }
            return
        }
        guard !groups.isEmpty else { return session.output.line("no dead letters") }
        var table = Table([
            .number("COUNT"), .number("USERS"), .text("REASON"), .number("NEWEST"), .number("OLDEST"),
            .text("SIGNATURE"),
        ])
        let now = Lanes.now
        func age(_ time: Timestamp) -> String {
            Readable.age(seconds: Double(now.micros - time.micros) / 1e6)
        }
        for group in groups {
            table.add([
                Table.Cell(Readable.count(group.count)), Table.Cell(Readable.count(group.users)),
                Table.Cell(group.reason), Table.Cell(age(group.last)), Table.Cell(age(group.first)),
                Table.Cell(Readable.printable(group.signature), .yellow),
            ])
        }
        table.print(to: session.output)
    }

    private static func encode(_ group: DeadLetters.Group, to json: inout JSONWriter) {
        json.member("signature", group.signature)
        json.member("reason", group.reason)
        json.member("count", group.count)
        json.member("users", group.users)
        json.member("oldest_at", group.first)
        json.member("newest_at", group.last)
    }
}
