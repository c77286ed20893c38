import Shared

extension Command {
    static let config = Command(
        "config", summary: "the effective configuration, secrets masked",
        details: "Exits 1 if a setting is wrong, after naming each that is."
    ) { session throws(CommandFailure) in
        let (configuration, faults) = Configuration.read(try session.environment())
        if session.wantsJSON {
            session.output.object { json in
                for (name, value) in configuration.listing {
                    json.key(text: name)
                    json.string(value)
                }
            }
        } else {
            for (name, value) in configuration.listing { session.output.line("\(name)=\(value)") }
        }
        guard faults.isEmpty else { throw .failed(ConfigurationFaults(faults).description) }
    }
}
