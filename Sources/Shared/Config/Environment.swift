internal import CSystem

/// Where settings come from: environment variables, an EnvironmentFile, or systemd's credential files.
package struct Environment: Sendable {
    private let variables: [String: String]
    /// systemd's `$CREDENTIALS_DIRECTORY` (systemd.exec(5)): a file X there stands for the variable X.
    private let credentialsDirectory: String?

    package init(_ variables: [String: String]) {
        self.variables = variables
        credentialsDirectory = variables["CREDENTIALS_DIRECTORY"]
    }

    /// The environment of this process, as it was at the call.
    package static func process() -> Environment {
        var variables: [String: String] = [:]
        guard var entry = unsafe tl_environment() else { return Environment([:]) }
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) {
                variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return Environment(variables)
    }

    /// The value of `name`: a credential file before the variable, because the file is the safer place.
    /// An empty value counts as not set.
    package func value(_ name: String) -> String? {
        if let credentialsDirectory, let text = TextFile.read(credentialsDirectory + "/" + name) {
            var bytes = text
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
            if !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        }
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// Every variable, for a program that is started with them.
    package var all: [String: String] { variables }

    /// The same with `other` on top, as a configuration file is over the process's environment.
    package func overlaid(with other: [String: String]) -> Environment {
        Environment(variables.merging(other) { _, new in new })
    }
}

/// Small whole files.
package enum TextFile {
    /// The bytes of the file at `path`, 1 MiB at most; nil when it cannot be read.
    package static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe tl_open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count <= 1 << 20 {
            let count = unsafe CSystem.read(descriptor, &chunk, chunk.count)
            if count < 0 && tl_errno() == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        return nil
    }
}
