internal import CSystem
import Shared

/// Settings, secrets and limits of this host.
enum ConfigurationCheck {
    static func run(_ configuration: Configuration, _ faults: [String], _ findings: inout Findings) {
        for fault in faults {
            let parts = fault.split(separator: ":", maxSplits: 1)
            findings.bad(
                "settings", String(parts[0]), parts.dropFirst().first.map { String($0.dropFirst()) } ?? fault)
        }
        if faults.isEmpty { findings.good("settings", "every setting makes sense") }
        checkSecrets(configuration, &findings)
        checkAddress(configuration, &findings)
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            let wanted = UInt64(configuration.connectionsMax) + 100
            if UInt64(limit.rlim_max) < wanted {
                findings.warn(
                    "descriptors", "this shell may open \(limit.rlim_max) files, ingest wants \(wanted)",
                    "systemd's unit sets LimitNOFILE=; elsewhere use ulimit -n")
            }
        }
    }

    private static func checkSecrets(_ configuration: Configuration, _ findings: inout Findings) {
        let (secrets, faults) = TokenSecret.read(configuration)
        for fault in faults {
            let parts = fault.split(separator: ":", maxSplits: 1)
            findings.bad(
                "secrets", String(parts[0]), parts.dropFirst().first.map { String($0.dropFirst()) } ?? fault)
        }
        let hasKeys = configuration.jwksFile != nil || configuration.jwksURL != nil
        if secrets.isEmpty && faults.isEmpty && !hasKeys {
            findings.bad(
                "secrets", "nothing to check tokens with",
                "put 32 random bytes (openssl rand -base64 48) into BETTER_AUTH_SECRET, or set TASKLANE_JWKS_URL"
            )
        } else if faults.isEmpty {
            findings.good(
                "secrets", "\(Readable.several(secrets.count, "secret"))\(hasKeys ? ", and a JWKS" : "")")
        }
        if let path = configuration.jwksFile, TextFile.read(path) == nil {
            findings.bad(
                "secrets", "TASKLANE_JWKS_FILE \(path) cannot be read", "check the path and its mode")
        }
    }

    private static func checkAddress(_ configuration: Configuration, _ findings: inout Findings) {
        for (name, address) in [
            ("TASKLANE_ADMIN_LISTEN", configuration.adminListen),
            ("TASKLANE_WORKER_ADMIN_LISTEN", configuration.workerAdminListen),
        ] where !address.hasPrefix("127.") && !address.hasPrefix("[::1]") && !address.hasPrefix("unix:") {
            findings.warn(
                "addresses", "\(name) is \(address): metrics and the operator API are open to the network",
                "use 127.0.0.1, or a firewall")
        }
    }
}
