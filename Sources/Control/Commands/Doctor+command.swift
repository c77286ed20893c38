internal import CSystem
import Shared

extension Command {
    static let doctor = Command(
        "doctor",
        summary: "checks each dependency, version, setting and permission, with a remedy for what is wrong",
        details: "Exits 1 if something would keep Tasklane from working; what could be better is a warning."
    ) { session throws(CommandFailure) in
        var findings = Findings()
        let (configuration, faults) = Configuration.read(try session.environment())
        ConfigurationCheck.run(configuration, faults, &findings)
        RedisCheck(session: session, configuration: configuration).run(&findings)
        PostgresCheck(session: session, configuration: configuration).run(&findings)
        if session.wantsJSON {
            for finding in findings.all { session.output.object(finding.encode) }
        } else {
            for finding in findings.all { session.output.line(finding.line(session.output)) }
        }
        let bad = findings.all.count { $0.level == .bad }
        if bad > 0 {
            throw .failed("\(Readable.several(bad, "check")) failed: do what the lines with ✗ say")
        }
    }
}

/// What `doctor` found, in order.
struct Findings {
    enum Level: String {
        case good, warning, bad
    }

    struct Finding {
        let subject: String
        let level: Level
        let text: String
        let remedy: String?

        func line(_ output: Output) -> String {
            let (mark, style): (String, Style) =
                switch level {
                case .good: ("✓", .green)
                case .warning: ("!", .yellow)
                case .bad: ("✗", .alarm)
                }
            let head =
                "\(output.styled(mark, style)) \(subject)\(String(repeating: " ", count: max(1, 12 - subject.count)))"
            return head + text + (remedy.map { ": " + output.styled($0, .bold) } ?? "")
        }

        func encode(to json: inout JSONWriter) {
            json.member("subject", subject)
            json.member("level", level.rawValue)
            json.member("text", text)
            json.member("remedy", remedy)
        }
    }

    private(set) var all: [Finding] = []

    mutating func good(_ subject: String, _ text: String) {
        all.append(Finding(subject: subject, level: .good, text: text, remedy: nil))
    }

    mutating func warn(_ subject: String, _ text: String, _ remedy: String) {
        all.append(Finding(subject: subject, level: .warning, text: text, remedy: remedy))
    }

    mutating func bad(_ subject: String, _ text: String, _ remedy: String) {
        all.append(Finding(subject: subject, level: .bad, text: text, remedy: remedy))
    }
}
