import Shared

extension DeadLetter {
    /// The failed tries, read.
    var attemptRecord: AttemptRecord { AttemptRecord(attempts, reader: JSONReader(depthMax: 32)) }

    private var operationName: String? { operation.map { "\($0.qualifiedName)" } }

    /// The members of `dead list --json`.
    func encode(to json: inout JSONWriter) {
        let record = attemptRecord
        json.member("request_id", request)
        json.member("user_id", user?.description)
        json.member("lane", lane.index)
        json.member("operation", operationName)
        json.key("task_id")
        if let task { json.uuid(task) } else { json.null() }
        json.member("reason", reason)
        json.member("signature", signature)
        json.member("attempts", record.attempts.count)
        json.member("last_error", record.lastError)
        json.member("state", state.rawValue)
        json.member("dead_at", deadAt)
    }

    /// What a list leaves out. A payload that is no UTF-8 is given in base64url.
    func encodeRest(to json: inout JSONWriter) {
        json.member("redrive", Int(redrive))
        json.key("task_version")
        if let taskVersion { json.integer(taskVersion) } else { json.null() }
        json.key("history")
        attemptRecord.encode(to: &json)
        if Array(String(decoding: payload, as: UTF8.self).utf8) == payload {
            json.key("payload")
            json.string(payload)
        } else {
            json.key("payload_base64url")
            json.string(Base64URL.encode(payload))
        }
    }

    func cells(_ now: Timestamp) -> [Table.Cell] {
        let record = attemptRecord
        return [
            "\(request)", Table.Cell(Readable.age(seconds: Double(now.micros - deadAt.micros) / 1e6)),
            Table.Cell(user?.description ?? "–"), Table.Cell(operationName ?? "–"), Table.Cell(reason),
            Table.Cell(state.rawValue, state == .dead ? nil : .cyan), "\(record.attempts.count)",
            Table.Cell(Readable.printable(record.lastError ?? signature), .yellow),
        ]
    }

    func lines(_ output: Output) -> [String] {
        let now = Lanes.now
        func line(_ name: String, _ text: String) -> String {
            output.styled(name + String(repeating: " ", count: 11 - name.count), .dim) + text
        }
        let age = Readable.age(seconds: Double(now.micros - deadAt.micros) / 1e6)
        var lines = [
            line("request", "\(request)"),
            line("user", "\(user?.description ?? "unknown"), lane \(lane)"),
            line("mutation", "\(operationName ?? "unreadable")\(task.map { " of task \($0)" } ?? "")"),
            line("reason", reason), line("signature", Readable.printable(signature)),
            line("state", state.rawValue + (redrive > 0 ? ", redriven \(redrive) times" : "")),
            line("dead", "\(deadAt), \(age) ago"),
            line("payload", Readable.printable(String(decoding: payload, as: UTF8.self), limit: 2000)),
        ]
        lines += attemptRecord.lines(now: now).enumerated().map { line($0 == 0 ? "attempts" : "", $1) }
        if state.isWaiting {
            lines.append("")
            lines.append(
                "tasklane dead redrive \(request)   applies it again; dead drop \(request) gives it up")
        }
        return lines
    }
}

extension Session {
    /// The dead letters of the deployment that the settings name.
    func deadLetters(_ configuration: Configuration) throws(CommandFailure) -> DeadLetters {
        let postgres = try postgres(configuration)
        do throws(SchemaError) {
            return DeadLetters(postgres, lanes: try Settings.read(postgres).lanes)
        } catch { throw CommandFailure(error) }
    }
}

extension DeadLetters {
    /// Calls `body` with each that the filter lets through, the oldest first, a thousand at a time, until it answers
    /// false.
    func forEach(
        _ filter: DeadLetterFilter, _ body: (DeadLetter) throws(CommandFailure) -> Bool
    ) throws(CommandFailure) {
        var last: DeadLetter?
        while true {
            let chunk: [DeadLetter]
            do throws(PostgresError) {
                chunk = try list(filter, limit: 1000, after: last)
            } catch { throw CommandFailure(error) }
            for letter in chunk { guard try body(letter) else { return } }
            last = chunk.last
            if chunk.count < 1000 { return }
        }
    }

    func counted(_ filter: DeadLetterFilter) throws(CommandFailure) -> Int {
        do throws(PostgresError) { return try count(filter) } catch { throw CommandFailure(error) }
    }

    func found(_ request: UUID) throws(CommandFailure) -> DeadLetter? {
        do throws(PostgresError) { return try show(request) } catch { throw CommandFailure(error) }
    }
}
