import Shared

extension Command {
    static let fsck = Command(
        "fsck", summary: "checks the conservation law and the shape of every key; explains each oddity",
        details: """
            Reads every lane, every key of ours in Redis and the queued entries. A lane that is busy is read again
            until its numbers hold still. --repair makes right what can be made right without losing a mutation:
            parked lists and due times that do not fit each other, results and keys without an end, counters that
            say more than they should. It never removes a mutation. Exits 1 if something is wrong and not repaired.
            """,
        options: [Option("repair", "make right what can be")]
    ) { session throws(CommandFailure) in
        let lanes = try session.lanes()
        let interruption = Interruption()
        var check = LaneCheck(lanes: lanes, repairs: session.arguments.has("repair"))
        var bar = ProgressBar("checking")
        for index in 0..<lanes.count {
            if interruption.isRaised {
                bar.clear()
                throw .interrupted("stopped after \(index) of \(lanes.count) lanes")
            }
            try check.run(Lane(index))
            bar.show(index + 1, of: lanes.count)
        }
        try check.lookForStrangers()
        bar.clear()
        let repaired = check.oddities.count(where: \.isRepaired)
        if repaired > 0 {
            session.auditIfPossible(lanes.configuration, "fsck.repair") { json in
                json.member("repaired", repaired)
            }
        }
        session.report(check)
        let left = check.oddities.count { !$0.isRepaired && $0.isWrong }
        if left > 0 {
            throw .failed("\(Readable.several(left, "oddity", "oddities")) left: do what the lines above say")
        }
    }
}

extension Session {
    fileprivate func report(_ check: LaneCheck) {
        if wantsJSON {
            for oddity in check.oddities { output.object(oddity.encode) }
            return
        }
        for oddity in check.oddities {
            let mark = oddity.isRepaired ? "repaired" : oddity.isWrong ? "wrong" : "note"
            let style: Style = oddity.isRepaired ? .green : oddity.isWrong ? .alarm : .yellow
            output.line("\(output.styled(mark, style))  \(oddity.place): \(oddity.text)")
            if !oddity.isRepaired { output.line("          \(oddity.remedy)") }
        }
        let count = check.totals
        output.line(
            "accepted \(Readable.count(count.accepted)) = succeeded \(Readable.count(count.succeeded)) + failed "
                + "\(Readable.count(count.failed)) + dead \(Readable.count(count.dead)) + waiting "
                + "\(Readable.count(check.waiting)) + left over \(check.leftOver)")
        output.line(
            check.oddities.isEmpty
                ? output.styled(
                    "\(Readable.several(check.entries, "entry", "entries")) read: all is well", .green)
                : "\(Readable.several(check.oddities.count, "oddity", "oddities"))")
    }
}
