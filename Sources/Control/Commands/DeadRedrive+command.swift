internal import CSystem
import Shared

extension Command {
    static let deadRedrive = Command(
        "dead redrive", operands: "(ID… | filter)", count: 0...10000,
        summary: "applies dead letters again, each under its own request id",
        details: """
            One that a later change has overtaken ends as 409 superseded, unless --force; one that ended so before
            is left alone without it, as is one that was redriven already. Ctrl-C stops after those under way; what was
            redriven stays so.
            """,
        options: Selection.options + [
            Option("rate", value: "N/s", "at most N a second"),
            Option("force", "even over later changes; also those that were superseded"),
        ]
    ) { session throws(CommandFailure) in
        try Selection.check(session)
        let rate = try session.rate()
        let configuration = try session.configuration()
        let force = session.arguments.has("force")
        let letters = try session.deadLetters(configuration)
        let selection = try Selection(session, letters, states: force ? [.dead, .superseded] : [.dead])
        guard !session.arguments.has("dry-run") else { return session.reportDryRun(selection, "redriven") }
        try selection.confirm("redrive", session)
        let interruption = Interruption()
        let run = RedriveRun()
        let thread = try run.start(
            RedriveRun.Order(ids: selection.ids, force: force, rate: rate), configuration)
        var bar = ProgressBar("redriving")
        while !run.progress.isOver {
            bar.show(run.progress.done, of: selection.ids.count)
            if interruption.wait(upTo: .milliseconds(10)) { run.stop() }
            if interruption.isRaised { break }
        }
        thread.join()
        bar.clear()
        try session.report(run.progress, of: selection, wasStopped: interruption.isRaised)
    }

    static let deadDrop = Command(
        "dead drop", operands: "(ID… | filter)", count: 0...10000,
        summary: "gives dead letters up; they stay in the table, as dropped, until the retention",
        options: Selection.options
    ) { session throws(CommandFailure) in
        try Selection.check(session)
        let letters = try session.deadLetters(try session.configuration())
        let selection = try Selection(session, letters, states: [.dead, .superseded])
        guard !session.arguments.has("dry-run") else { return session.reportDryRun(selection, "dropped") }
        try selection.confirm("drop", session)
        let interruption = Interruption()
        var bar = ProgressBar("dropping")
        var dropped = 0
        var done = 0
        while done < selection.ids.count && !interruption.isRaised {
            let chunk = Array(selection.ids[done...].prefix(200))
            do throws(PostgresError) {
                dropped += try letters.drop(chunk, by: Actor.current)
            } catch { throw CommandFailure(error) }
            done += chunk.count
            bar.show(done, of: selection.ids.count)
        }
        bar.clear()
        let left = selection.ids.count - dropped
        if session.wantsJSON {
            session.output.object { json in
                json.member("matched", selection.ids.count)
                json.member("dropped", dropped)
                json.member("dry_run", false)
            }
        } else {
            session.output.line("dropped \(Readable.count(dropped))")
        }
        if interruption.isRaised { throw .interrupted("stopped; \(left) were not dropped") }
        if selection.isNamed && left > 0 {
            throw .failed(
                "\(Readable.several(left, "dead letter")) do not wait for a decision: tasklane dead show ID")
        }
    }
}

extension Session {
    /// For a thread that has no output of its own.
    static func forThread() -> Session {
        Session(arguments: Arguments(), output: Output(descriptor: -1))
    }

    /// `--rate 50/s`, or a bare number.
    fileprivate func rate() throws(CommandFailure) -> Int? {
        guard let text = arguments.value("rate") else { return nil }
        let number = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        return try Arguments.number(number, called: "--rate", in: 1...1_000_000)
    }

    fileprivate func reportDryRun(_ selection: Selection, _ what: String) {
        if wantsJSON {
            output.object { json in
                json.member("matched", selection.ids.count)
                json.member("dry_run", true)
            }
        } else {
            output.line("\(Readable.several(selection.ids.count, "dead letter")) would be \(what)")
        }
    }

    fileprivate func report(
        _ progress: RedriveRun.Progress, of selection: Selection, wasStopped: Bool
    ) throws(CommandFailure) {
        if wantsJSON {
            output.object { json in
                json.member("matched", selection.ids.count)
                json.member("redriven", progress.redriven)
                json.member("already", progress.already)
                json.member("superseded", progress.superseded.count)
                json.member("not_waiting", progress.notWaiting.count)
                json.member("unfinished", progress.unfinished)
                json.member("dry_run", false)
            }
        } else {
            var parts = ["redriven \(Readable.count(progress.redriven))"]
            if progress.already > 0 { parts.append("\(progress.already) redriven already") }
            if progress.superseded.count > 0 { parts.append("\(progress.superseded.count) superseded") }
            if progress.notWaiting.count > 0 { parts.append("\(progress.notWaiting.count) not waiting") }
            if progress.unfinished > 0 { parts.append("\(progress.unfinished) in doubt") }
            output.line(parts.joined(separator: ", "))
        }
        if let fault = progress.fault { throw .failed(fault) }
        if wasStopped && progress.done < selection.ids.count {
            throw .interrupted("stopped; \(selection.ids.count - progress.done) were not redriven")
        }
        if progress.unfinished > 0 {
            throw .failed(
                "Redis did not confirm \(progress.unfinished): a worker finishes them within a minute")
        }
        if let first = progress.superseded.first {
            throw .failed(
                "\(first) was superseded, a later change has overtaken it: --force applies it all the same")
        }
        if let first = progress.notWaiting.first {
            throw .failed(
                "\(first) does not wait for a decision (dropped, or no dead letter): tasklane why \(first)")
        }
    }
}
