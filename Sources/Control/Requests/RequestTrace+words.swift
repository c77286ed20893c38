import Shared

extension RequestTrace {
    /// The answer to "why is it not applied yet", in sentences.
    var explanation: [String] {
        if let place { return explanation(of: place) }
        if let letter, letter.state.isWaiting {
            return [
                "It could not be applied (\(letter.reason)) and waits for a decision, in state \(letter.state.rawValue).",
                "tasklane dead redrive \(id) applies it again; tasklane dead drop \(id) gives it up.",
            ]
        }
        if let verdict {
            let took = submittedAt.map { Double(verdict.finishedAt.micros - $0.micros) / 1e6 }
            let after = took.map { " \(Readable.age(seconds: $0)) after it was accepted" } ?? ""
            return ["It was \(verdict.code == nil ? "applied" : "judged")\(after); the verdict is final."]
        }
        switch state {
        case "expired":
            return [
                "It is older than the retention of \(retentionDays) days; nobody keeps what became of it."
            ]
        case "unaccounted":
            return [
                "No lane, no result and no table knows it: it was never accepted here, or Redis lost it.",
                "tasklane fsck tells whether lanes have lost mutations.",
            ]
        case "unknown":
            return [
                postgresFault.map { "PostgreSQL could not be asked: \($0)" }
                    ?? "It is no id that ingest gives out (not a UUIDv7 of the past)."
            ]
        default: return ["Redis has its result; PostgreSQL could not be asked: \(postgresFault ?? "")"]
        }
    }

    private func explanation(of place: Place) -> [String] {
        var lines: [String] = []
        if let parked = place.parked {
            let wait = Double(parked.due.micros - now.micros) / 1e6
            let head = parked.head.map { Entry($0, reader: JSONReader(depthMax: 32)) }
            let behind =
                place.ahead == 0
                ? "It failed for a passing reason and is retried"
                : "It waits behind \(head.map { "\($0.operation) \($0.id)" } ?? "a mutation"), which is retried"
            lines.append(
                "\(behind) \(wait <= 0 ? "now" : "in \(Readable.age(seconds: wait))"), at \(parked.due).")
            if wait > 2 { lines.append("tasklane parked retry \(trusted(parked.user)) tries at once.") }
        } else {
            lines.append(
                place.ahead == 0
                    ? "It is next in its lane."
                    : "Before it in its lane: \(Readable.several(place.ahead, "mutation")), "
                        + "\(place.aheadOfSameUser) of the same user.")
        }
        let reading = place.lane
        if let pause = reading.pause {
            lines.append(
                "The lane is paused by \(pause.actor): \(pause.why). tasklane resume --lane \(reading.lane)")
        } else if reading.owner == nil {
            lines.append("Nobody owns the lane: is a worker running? (tasklane workers)")
        } else if place.parked == nil, let rate = drainRate {
            lines.append(
                rate > 0
                    ? "Its lane applies \(Readable.rate(rate)): about "
                        + "\(Readable.age(seconds: Double(place.ahead + 1) / rate)) to go."
                    : "Its lane applied nothing in the last quarter of a second: the worker's log tells why.")
        }
        if postgresFault != nil {
            lines.append("PostgreSQL does not answer: workers wait for it, and nothing is lost.")
        }
        if reading.crashes > 0 {
            lines.append(
                "The lane was taken over \(reading.crashes) times without a settle: a mutation may kill workers."
            )
        }
        return lines
    }

    private func trusted(_ user: [UInt8]) -> String {
        Readable.printable(String(decoding: user, as: UTF8.self))
    }

    private var attempts: AttemptRecord? {
        if let letter, place == nil { return letter.attemptRecord }
        // The record is of the list's head.
        guard let place, place.ahead == 0, let parked = place.parked else { return nil }
        return AttemptRecord(parked.attempts, reader: JSONReader(depthMax: 32))
    }

    func lines(_ output: Output) -> [String] {
        func line(_ name: String, _ text: String, _ style: Style? = nil) -> String {
            output.styled(name + String(repeating: " ", count: 11 - name.count), .dim)
                + output.styled(text, style)
        }
        var lines = [line("request", "\(id)")]
        if let submittedAt {
            let age = Readable.age(seconds: Double(now.micros - submittedAt.micros) / 1e6)
            lines.append(line("accepted", "\(submittedAt), \(age) ago"))
        }
        let isGood = state == "succeeded"
        lines.append(line("state", state, isGood ? .green : state == "failed" ? nil : .yellow))
        if let user { lines.append(line("user", Readable.printable(user))) }
        if let operation { lines.append(line("mutation", operation + (task.map { " of task \($0)" } ?? ""))) }
        if let lane {
            let owner = place?.lane.worker.map { ", owned by \($0)" } ?? ""
            lines.append(line("lane", "\(lane)\(owner)"))
        }
        if let place {
            let list = place.parked == nil ? place.lane.depth : place.parked?.depth ?? 0
            lines.append(
                line("position", "\(place.queued.position) of \(list)\(place.parked == nil ? "" : " parked")")
            )
        }
        if let verdict {
            lines.append(
                line(
                    "verdict",
                    "\(verdict.status)\(verdict.code.map { " \($0)" } ?? ""), at \(verdict.finishedAt)"))
        }
        if let letter {
            lines.append(line("reason", "\(letter.reason): \(Readable.printable(letter.signature))"))
        }
        if let attempts {
            lines += attempts.lines(now: now).enumerated().map { line($0 == 0 ? "attempts" : "", $1) }
        }
        lines += explanation.enumerated().map { line($0 == 0 ? "why" : "", $1, .bold) }
        return lines
    }

    func encode(to json: inout JSONWriter) {
        json.member("request_id", id)
        json.member("state", state)
        json.member("accepted_at", submittedAt)
        json.member("user_id", user)
        json.member("operation", operation)
        json.key("task_id")
        if let task { json.uuid(task) } else { json.null() }
        json.key("lane")
        if let lane { json.integer(lane.index) } else { json.null() }
        if let place { encode(place, to: &json) }
        if let verdict {
            json.member("status", verdict.status)
            json.member("code", verdict.code)
            json.member("finished_at", verdict.finishedAt)
            json.member("redrive", verdict.redrive)
        }
        if let letter {
            json.member("reason", letter.reason)
            json.member("signature", letter.signature)
            json.member("dead_letter_state", letter.state.rawValue)
        }
        json.member("attempts", attempts?.attempts.count ?? 0)
        json.key("history")
        if let attempts { attempts.encode(to: &json) } else { json.json(Array("[]".utf8)) }
        json.member("explanation", explanation.joined(separator: " "))
    }

    private func encode(_ place: Place, to json: inout JSONWriter) {
        json.member("position", place.queued.position)
        json.member("ahead", place.ahead)
        json.member("ahead_of_same_user", place.aheadOfSameUser)
        json.member("owner", place.lane.worker)
        json.member("paused", place.lane.pause != nil)
        guard let parked = place.parked else { return }
        json.member("next_attempt_at", parked.due)
        json.key("behind")
        if place.ahead > 0, let head = parked.head {
            json.uuid(Entry(head, reader: JSONReader(depthMax: 32)).id)
        } else {
            json.null()
        }
    }
}
