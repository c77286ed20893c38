internal import CPostgres

/// The hosts that a connection string names, as far as libpq would have to look them up. libpq does that within its
/// calls, which would block an event loop: so it is given addresses beside the names.
struct PostgresHosts: Sendable {
    /// Hosts in their order, and the port of each; empty where nothing has to be looked up.
    private let places: [(host: String, port: String)]

    /// Reads a URL or `name=value` string. Sockets, addresses and what a service file names are left to libpq.
    init(_ text: String) {
        var hosts: [String] = []
        var ports: [String] = []
        var hasAddresses = false
        if let options = unsafe PQconninfoParse(text, nil) {
            defer { unsafe PQconninfoFree(options) }
            var entry = unsafe options
            while let keyword = unsafe entry.pointee.keyword {
                let value = unsafe entry.pointee.val.map { unsafe String(cString: $0) } ?? ""
                let parts = value.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
                switch unsafe String(cString: keyword) {
                case "host": hosts = value.isEmpty ? [] : parts
                case "port": ports = value.isEmpty ? [] : parts
                case "hostaddr": hasAddresses = !value.isEmpty
                default: break
                }
                unsafe entry += 1
            }
        }
        let isNamed = hosts.contains {
            !$0.isEmpty && !PostgresHosts.isSocket($0) && !NameLookup.isAddress($0)
        }
        let fits = ports.count <= 1 || ports.count == hosts.count
        guard isNamed, fits, !hasAddresses else {
            places = []
            return
        }
        places = hosts.enumerated().map { place, host in
            (host, ports.count > 1 ? ports[place] : ports.first ?? "")
        }
    }

    /// True when an address has to be found first.
    var needLookup: Bool { !places.isEmpty }

    /// What libpq is to be told beside the connection string; nil when no host has an address.
    func keywords(_ names: NameLookup) async -> [(String, String)]? {
        var known: [(host: String, address: String, port: String)] = []
        for place in places {
            if place.host.isEmpty || PostgresHosts.isSocket(place.host) {
                known.append((place.host, "", place.port))
                continue
            }
            for address in await names.addresses(of: place.host) {
                known.append((place.host, address, place.port))
            }
        }
        guard !known.isEmpty else { return nil }
        var keywords = [
            ("host", known.map(\.host).joined(separator: ",")),
            ("hostaddr", known.map(\.address).joined(separator: ",")),
        ]
        if known.contains(where: { !$0.port.isEmpty }) {
            keywords.append(("port", known.map(\.port).joined(separator: ",")))
        }
        return keywords
    }

    private static func isSocket(_ host: String) -> Bool { host.hasPrefix("/") || host.hasPrefix("@") }
}
