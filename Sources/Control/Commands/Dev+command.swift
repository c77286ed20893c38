internal import CSystem
import Shared

extension Command {
    static let dev = Command(
        "dev", summary: "all in one to try it: private Redis and PostgreSQL, ingest, one worker",
        details: """
            Keeps its data and logs in a folder (.dev), listens on loopback only, prints a token and curl lines that
            work. Ctrl-C stops all of it. Settings of the environment count, but for the stores and addresses.
            """,
        options: [
            Option("directory", letter: "d", value: "DIR", "where data and logs are kept (.dev)"),
            Option(
                "port", letter: "p", value: "PORT", "the port of the API (8080, or the next that is free)"),
            Option("user", letter: "u", value: "USER", "whose token is printed (alice)"),
        ]
    ) { session throws(CommandFailure) in
        let port = try session.arguments.number("port", in: 1...65535)
        let user = try session.arguments.user() ?? UserID("alice")
        guard let user else { return }
        let interruption = Interruption()
        let folder = try DevFolder.make(session.arguments.value("directory") ?? ".dev")
        func note(_ text: String) {
            session.output.line(text)
            session.output.flush()
        }
        let stack = try DevStack(folder: folder, port: port, note)
        let token = try stack.token(for: user)
        for line in DevWords.welcome(port: stack.port, user: user, token: token, folder: folder) {
            note(line)
        }
        while !interruption.wait(upTo: .milliseconds(500)) {
            if let fallen = stack.fallen {
                let words = "\(fallen.name) ended by itself: \(fallen.lastWords)"
                stack.stop(note)
                throw .failed(words)
            }
        }
        note("")
        stack.stop(note)
    }
}

/// What a newcomer reads.
enum DevWords {
    /// The lines stand alone, each with the token in it, so that they work pasted one by one into any shell; the first
    /// leaves its answer in a file, from which the second takes the request's id.
    static func welcome(port: Int, user: UserID, token: String, folder: String) -> [String] {
        let base = "http://127.0.0.1:\(port)"
        let authorization = "-H 'Authorization: Bearer \(token)'"
        let answer = "\(folder)/created.json"
        return [
            "", "Tasklane is up at \(base); logs and data are in \(folder).", "",
            "TOKEN=\(token)", "URL=\(base)", "", "# create a task",
            "curl -sS \(authorization) -H 'Content-Type: application/json' -d '{\"title\":\"Buy milk\"}' "
                + "\(base)/api/\(user)/tasks | tee \(answer); echo",
            "# ask what became of that very request, and wait up to 5 seconds for it",
            "curl -sS \(authorization) "
                + "\"\(base)/api/requests/$(sed 's/^{\"id\":\"\\([^\"]*\\)\".*/\\1/' \(answer))?wait=5\"; echo",
            "# list the tasks", "curl -sS \(authorization) \(base)/api/\(user)/tasks; echo", "",
            "In another terminal: tasklane --config \(folder)/tasklane.conf status   (or top, lanes, why ID)",
            "Ctrl-C stops everything; the data stays.",
        ]
    }
}
