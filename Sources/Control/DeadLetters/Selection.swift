internal import CSystem
import Shared

/// Which dead letters an action is for, and whether the operator means it.
struct Selection {
    /// In the order of acceptance, so that one user's mutations are redriven in theirs.
    let ids: [UUID]
    let isNamed: Bool

    static let options =
        DeadLetterFilter.options + [
            Option("all", letter: "a", "all that wait for a decision"),
            Option("dry-run", "only tell how many it would be"),
            Option("yes", letter: "y", "do not ask"),
        ]

    /// Throws what is wrong with the arguments alone, before anybody has to be reached.
    static func check(_ session: Session) throws(CommandFailure) {
        let arguments = session.arguments
        let filter = try DeadLetterFilter(arguments, now: Lanes.now)
        if arguments.operands.isEmpty {
            guard !filter.isEverything || arguments.has("all") else {
                throw .usage(
                    "say which: request ids, a filter (--reason, --user, --since, --signature), or --all")
            }
        } else {
            guard filter.isEverything, !arguments.has("all") else {
                throw .usage("give either ids or a filter")
            }
            for text in arguments.operands { _ = try Command.requestID(text) }
        }
    }

    /// Of arguments that `check` has passed.
    /// - Parameter states: those that the action may be for.
    init(
        _ session: Session, _ letters: DeadLetters, states: [DeadLetter.State]
    ) throws(CommandFailure) {
        let arguments = session.arguments
        var filter = try DeadLetterFilter(arguments, now: Lanes.now)
        isNamed = !arguments.operands.isEmpty
        if isNamed {
            var named: [UUID] = []
            for text in arguments.operands { named.append(try Command.requestID(text)) }
            ids = Array(Set(named)).sorted()
        } else {
            filter.states = states
            var found: [UUID] = []
            try letters.forEach(filter) { letter throws(CommandFailure) in
                found.append(letter.request)
                return true
            }
            ids = found.sorted()
        }
    }

    /// Asks, unless ids were named or `--yes` was given.
    func confirm(_ verb: String, _ session: Session) throws(CommandFailure) {
        guard !isNamed, !ids.isEmpty, !session.arguments.has("yes") else { return }
        let what = "\(verb) \(Readable.several(ids.count, "dead letter"))"
        guard isatty(STDIN_FILENO) == 1 else { throw .usage("this would \(what): say --yes, or --dry-run") }
        let question = Array("\(what)? [y/N] ".utf8)
        _ = unsafe write(STDERR_FILENO, question, question.count)
        guard let answer = readLine(), answer == "y" || answer == "yes" else {
            throw .failed("nothing was done")
        }
    }
}
