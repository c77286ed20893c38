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
        let postgres = try session.postgres(try session.configuration())
        var table = Table([
            .text("REQUEST"), .number("AGE"), .text("USER"), .text("OP"), .text("REASON"), .text("STATE"),
            .number("TRIES"), .text("LAST ERROR"),
        ])
        var shown = 0
        let now = Lanes.now
        try DeadLetter.forEach(filter, postgres) { letter in
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
        let all = shown < limit ? shown : try DeadLetter.count(filter, postgres)
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
        let (condition, parameters) = filter.condition
        let rows = try session.postgres(try session.configuration()).ask(
            """
            SELECT signature, reason, count(*), count(DISTINCT user_id), min(dead_at), max(dead_at)
            FROM dead_letters WHERE \(condition) GROUP BY signature, reason ORDER BY count(*) DESC, signature
            """, parameters)
        if session.wantsJSON {
            for row in rows { session.output.object { json in encode(group: row, to: &json) } }
            return
        }
        guard !rows.isEmpty else { return session.output.line("no dead letters") }
        var table = Table([
            .number("COUNT"), .number("USERS"), .text("REASON"), .number("NEWEST"), .number("OLDEST"),
            .text("SIGNATURE"),
        ])
        let now = Lanes.now
        func age(_ time: Timestamp) -> String {
            Readable.age(seconds: Double(now.micros - time.micros) / 1e6)
        }
        for row in rows {
            table.add([
                Table.Cell(Readable.count(row.int(2))), Table.Cell(Readable.count(row.int(3))),
                Table.Cell(row.text(1)), Table.Cell(age(row.timestamp(5))), Table.Cell(age(row.timestamp(4))),
                Table.Cell(Readable.printable(row.text(0)), .yellow),
            ])
        }
        table.print(to: session.output)
    }

    private static func encode(group row: PostgresRow, to json: inout JSONWriter) {
        json.member("signature", row.text(0))
        json.member("reason", row.text(1))
        json.member("count", row.int(2))
        json.member("users", row.int(3))
        json.member("oldest_at", row.timestamp(4))
        json.member("newest_at", row.timestamp(5))
    }
}

extension DeadLetter {
    fileprivate func cells(_ now: Timestamp) -> [Table.Cell] {
        [
            "\(id)", Table.Cell(Readable.age(seconds: Double(now.micros - deadAt.micros) / 1e6)),
            Table.Cell(user ?? "–"), Table.Cell(operation ?? "–"), Table.Cell(reason),
            Table.Cell(state, state == "dead" ? nil : .cyan), "\(attempts.attempts.count)",
            Table.Cell(Readable.printable(attempts.lastError ?? signature), .yellow),
        ]
    }
}
