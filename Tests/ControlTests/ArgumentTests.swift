import Shared
import Testing

@testable import Control

@Suite struct `The words of a command` {
    private static let options = [
        Option("user", letter: "u", value: "U", ""), Option("count", letter: "n", value: "N", ""),
        Option("dry-run", ""),
    ]

    @Test func `may stand in any order`() throws {
        let arguments = try Arguments(["7", "--user=u1", "-n5", "8", "--dry"], options: Self.options)
        #expect(arguments.operands == ["7", "8"])
        #expect(try arguments.user()?.description == "u1")
        #expect(try arguments.number("count", in: 1...9) == 5)
        #expect(arguments.has("dry-run"))
    }

    @Test func `end at two dashes`() throws {
        #expect(try Arguments(["--", "--user"], options: Self.options).operands == ["--user"])
    }

    @Test(arguments: [
        (["--usre", "x"], "unknown option --usre"), (["-x"], "unknown option -x"),
        (["--user"], "option --user needs a value"), (["7", "-n"], "option -n needs a value"),
    ]) func `name the word that is wrong`(words: [String], text: String) {
        #expect(throws: CommandFailure.usage(text)) { try Arguments(words, options: Self.options) }
    }

    @Test(arguments: ["0", "10", "+5", "-0", "x", ""]) func `take only numbers within bounds`(text: String)
        throws
    {
        let arguments = try Arguments(["--count", text], options: Self.options)
        #expect(throws: CommandFailure.self) { try arguments.number("count", in: 1...9) }
    }
}

@Suite struct `The command table` {
    @Test func `prefers the longer name`() throws {
        #expect(try CommandTable.find(["config", "x"]).rest == ["x"])
    }

    @Test func `hints after a slip of the finger`() {
        #expect(
            throws: CommandFailure.usage(
                "unknown command \"conifg\": did you mean config? (tasklane help lists all)")
        ) { try CommandTable.find(["conifg"]) }
    }

    @Test(arguments: CommandTable.all.map(\.name)) func `has a help page that fits a terminal`(name: String)
        throws
    {
        let command = try #require(CommandTable.all.first { $0.name == name })
        for line in Help.page(of: command).split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        #expect(Help.overview.contains(name))
    }
}
