import Shared

extension Command {
    static let deadShow = Command(
        "dead show", operands: "ID", count: 1...1,
        summary: "one dead letter in full: every attempt, the payload"
    ) { session throws(CommandFailure) in
        let id = try Command.requestID(session.arguments.operands[0])
        let postgres = try session.postgres(try session.configuration())
        guard let letter = try DeadLetter.find(id, postgres) else {
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
        try DeadLetter.forEach(filter, try session.postgres(try session.configuration())) { letter in
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

extension DeadLetter {
    /// What a list leaves out. A payload that is no UTF-8 is given in base64url.
    fileprivate func encodeRest(to json: inout JSONWriter) {
        json.member("state_at", stateAt)
        json.member("redrive", redrive)
        json.key("history")
        attempts.encode(to: &json)
        if Array(String(decoding: payload, as: UTF8.self).utf8) == payload {
            json.key("payload")
            json.string(payload)
        } else {
            json.key("payload_base64url")
            json.string(Base64URL.encode(payload))
        }
    }

    fileprivate func lines(_ output: Output) -> [String] {
        let now = Lanes.now
        func line(_ name: String, _ text: String) -> String {
            output.styled(name + String(repeating: " ", count: 11 - name.count), .dim) + text
        }
        func ago(_ time: Timestamp) -> String {
            "\(time), \(Readable.age(seconds: Double(now.micros - time.micros) / 1e6)) ago"
        }
        var lines = [
            line("request", "\(id)"),
            line("user", "\(user ?? "unknown"), lane \(lane)"),
            line("mutation", "\(operation ?? "unreadable")\(task.map { " of task \($0)" } ?? "")"),
            line("reason", reason), line("signature", Readable.printable(signature)),
            line(
                "state", "\(state) since \(ago(stateAt))" + (redrive > 0 ? ", redriven \(redrive) times" : "")
            ),
            line("dead", ago(deadAt)),
            line("payload", Readable.printable(String(decoding: payload, as: UTF8.self), limit: 2000)),
        ]
        lines += attempts.lines(now: now).enumerated().map { line($0 == 0 ? "attempts" : "", $1) }
        if DeadLetterFilter.waiting.contains(state) {
            lines.append("")
            lines.append("tasklane dead redrive \(id)   applies it again; dead drop \(id) gives it up")
        }
        return lines
    }
}
