import Shared

/// What one run of a command has to work with: its arguments, its output, the settings, the connections.
struct Session {
    let arguments: Arguments
    let output: Output

    var wantsJSON: Bool { arguments.has("json") }

    /// The process's environment with `--config FILE` on top.
    ///
    /// Secrets that systemd would hand to the daemons as credentials are looked for beside the file.
    func environment() throws(CommandFailure) -> Environment {
        let process = Environment.process()
        guard let path = arguments.value("config") else { return process }
        guard let text = TextFile.read(path) else {
            throw .failed("cannot read \(path): check the path, or run as root or as the user tasklane")
        }
        var variables = EnvironmentFile.parse(text)
        if process.value("CREDENTIALS_DIRECTORY") == nil, variables["CREDENTIALS_DIRECTORY"] == nil {
            let folder =
                path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
            variables["CREDENTIALS_DIRECTORY"] = folder + "/credentials"
        }
        return process.overlaid(with: variables)
    }

    /// The settings, all checked.
    func configuration() throws(CommandFailure) -> Configuration {
        let (configuration, faults) = Configuration.read(try environment())
        guard faults.isEmpty else { throw .failed(ConfigurationFaults(faults).description) }
        return configuration
    }
}
