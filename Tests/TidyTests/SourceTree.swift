import Foundation

/// The project's own text files, read once for the tidy tests.
struct SourceTree {
    struct File: CustomStringConvertible, Sendable {
        /// From the root of the checkout.
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var description: String { path }
        var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }
    }

    static let root: String = {
        let components = #filePath.split(separator: "/").dropLast(3)
        return "/" + components.joined(separator: "/")
    }()

    /// Files under `folder` whose names end in one of `endings`, in order of path.
    static func files(under folder: String, endings: [String]) -> [File] {
        let start = URL(fileURLWithPath: root + "/" + folder)
        guard let found = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else {
            return []
        }
        let names = found.compactMap { ($0 as? URL)?.path }.filter { path in
            endings.contains { path.hasSuffix($0) }
        }
        return names.sorted().compactMap { path in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
            return File(path: String(path.dropFirst(root.count + 1)), text: text)
        }
    }

    static let sources = files(under: "Sources", endings: [".swift"]).filter {
        !$0.path.hasPrefix("Sources/C") || $0.path.hasPrefix("Sources/Control")
    }
    static let tests = files(under: "Tests", endings: [".swift"])
    static let scripts = files(under: "Sources", endings: [".lua"])
}
