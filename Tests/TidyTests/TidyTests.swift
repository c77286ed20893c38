import Foundation
import Testing

@Suite struct `The source tree` {
    @Test func `is where these tests look for it`() {
        #expect(SourceTree.sources.count > 20)
        #expect(SourceTree.tests.count > 5)
    }

    @Test(arguments: SourceTree.sources) func `has no file over 300 lines`(file: SourceTree.File) {
        #expect(file.lines.count <= 301, "\(file): split it; a file holds one idea")
    }

    @Test(arguments: SourceTree.sources) func `has no function over 60 lines`(file: SourceTree.File) {
        for function in functions(of: file) {
            #expect(function.length <= 60, "\(file):\(function.line): \(function.length) lines; split it")
        }
    }

    @Test(arguments: SourceTree.sources) func `starts tasks and threads in Shared/Runtime alone`(
        file: SourceTree.File
    ) {
        guard !file.path.hasPrefix("Sources/Shared/Runtime/") else { return }
        for (number, line) in file.lines.enumerated() where !isComment(line) {
            for word in [
                "Task {", "Task(", "Task.detached", "Task.immediate", "DispatchQueue", "nonisolated(unsafe)",
            ] {
                #expect(!containsWord(line, word), "\(file):\(number + 1): \(word) belongs in Shared/Runtime")
            }
        }
    }

    @Test(arguments: SourceTree.sources) func `imports each C library in one folder`(file: SourceTree.File) {
        let homes: [String: [String]] = [
            "CHiredis": ["Sources/Shared/Redis"], "CPostgres": ["Sources/Shared/Postgres"],
            "CSimdJSON": ["Sources/Shared/JSON"], "CArgon2": ["Sources/Shared/Crypto"],
            "CCurl": ["Sources/Shared/HTTPClient"],
            "COpenSSL": ["Sources/Shared/Crypto", "Sources/Shared/Redis"],
        ]
        for line in file.lines where line.contains("import C") {
            for (library, folders) in homes where line.hasSuffix("import \(library)") {
                #expect(folders.contains(file.folder), "\(file): \(library) is wrapped in \(folders)")
            }
        }
    }

    @Test(arguments: SourceTree.sources) func `keeps Foundation out of the programs`(file: SourceTree.File) {
        for line in file.lines {
            #expect(!line.hasSuffix("import Foundation"), "\(file): FoundationEssentials at most")
        }
    }

    @Test func `keeps Ingest, Worker and Control apart`() {
        for file in SourceTree.sources {
            for line in file.lines where line.hasPrefix("import ") || line.contains(" import ") {
                let last = line.split(separator: " ").last ?? ""
                #expect(
                    !["Ingest", "Worker", "Control"].contains(last), "\(file): programs speak through Shared")
            }
        }
    }

    @Test(arguments: SourceTree.scripts) func `tests every Lua script by name`(script: SourceTree.File) {
        let name = script.path.split(separator: "/").last?.dropLast(4) ?? ""
        let camel = name.split(separator: "_").enumerated().map {
            $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst()
        }
        .joined()
        #expect(
            SourceTree.tests.contains { $0.text.contains("\(name).lua") || $0.text.contains(".\(camel)") },
            "\(script) has no test that names it")
    }

    @Test func `uses no word that means nothing`() {
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() {
                for word in ["Manager", "Helper", "Util", "Impl"] {
                    let declared = ["struct", "class", "enum", "protocol", "actor"].contains {
                        line.contains("\($0) ")
                    }
                    #expect(
                        !(declared && line.contains("\(word) ")),
                        "\(file):\(number + 1): name it for its duty, not \(word)")
                }
                for word in ["TODO", "FIXME", "XXX"] {
                    #expect(!line.contains(word), "\(file):\(number + 1): finish it or say why it is so")
                }
            }
        }
    }

    private func isComment(_ line: Substring) -> Bool { line.drop { $0 == " " }.hasPrefix("//") }

    /// True when `word` stands in `line` without a letter before it (`withTaskGroup` is no `Task`).
    private func containsWord(_ line: Substring, _ word: String) -> Bool {
        var rest = line
        while let range = rest.range(of: word) {
            let before =
                range.lowerBound == line.startIndex ? " " : line[line.index(before: range.lowerBound)]
            if !before.isLetter && before != "." { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    /// Functions found by their indentation, which swift format keeps honest.
    private func functions(of file: SourceTree.File) -> [(line: Int, length: Int)] {
        var found: [(line: Int, length: Int)] = []
        var open: (line: Int, indentation: Int)?
        for (number, line) in file.lines.enumerated() {
            let indentation = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indentation)
            if let start = open, indentation == start.indentation, text.hasPrefix("}") {
                found.append((start.line + 1, number - start.line + 1))
                open = nil
            } else if open == nil, !isComment(line), text.contains("func "), !line.hasSuffix("}") {
                open = (number, indentation)
            }
        }
        return found
    }
}
