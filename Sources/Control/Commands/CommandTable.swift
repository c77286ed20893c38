/// Every command, in the order of `tasklane help`.
enum CommandTable {
    static let groups: [(title: String, commands: [Command])] = [
        ("see", [.status, .top, .why, .lanes, .lane, .peek, .workers, .parked, .tail]),
        ("dead letters", [.deadList, .deadGroups, .deadShow, .deadExport, .deadRedrive, .deadDrop]),
        ("act", [.pause, .resume, .parkedRetry, .drain, .fsck, .relane]),
        (
            "set up",
            [.dev, .migrate, .doctor, .config, .tokenIssue, .tokenInspect, .keyCreate, .keyList, .keyRevoke]
        ),
        ("more", [.bench, .help, .completion]),
    ]

    static var all: [Command] { groups.flatMap(\.commands) }

    /// The command that `words` begin with, and the words behind its name.
    static func find(_ words: [String]) throws(CommandFailure) -> (command: Command, rest: [String]) {
        // `dead list` before `dead`: the longest name wins.
        let candidates = all.filter { words.starts(with: $0.path) }
        if let found = candidates.max(by: { $0.path.count < $1.path.count }) {
            return (found, Array(words.dropFirst(found.path.count)))
        }
        let group = all.filter { $0.path.first == words.first }
        if !group.isEmpty {
            let names = group.map { $0.path.dropFirst().joined(separator: " ") }.joined(separator: ", ")
            throw .usage("tasklane \(words[0]) needs one of: \(names)")
        }
        let known = Array(Set(all.map { $0.path[0] })).sorted()
        let hint = known.min { distance($0, words[0]) < distance($1, words[0]) } ?? "help"
        throw .usage("unknown command \"\(words[0])\": did you mean \(hint)? (tasklane help lists all)")
    }

    /// Levenshtein's distance, for the hint after a slip of the finger.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (place, byte) in left.enumerated() {
            var corner = row[0]
            row[0] = place + 1
            for column in 0..<right.count {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, corner + (byte == right[column] ? 0 : 1))
                corner = above
            }
        }
        return row[right.count]
    }
}
