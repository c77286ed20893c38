/// Where a Redis server is and how to log in: `redis://`, `rediss://` or `unix://`. Describes itself without secrets.
package struct RedisURL: Sendable, Equatable {
    /// The kinds of place a server listens at.
    package enum Address: Sendable, Equatable {
        case tcp(host: String, port: UInt16)
        case tls(host: String, port: UInt16)
        case unix(path: String)

        /// The name to be looked up; nil for an address or a path.
        var hostName: String? {
            switch self {
            case .tcp(let host, _), .tls(let host, _): NameLookup.isAddress(host) ? nil : host
            case .unix: nil
            }
        }

        /// The same place by one of its addresses.
        func at(_ host: String) -> Address {
            switch self {
            case .tcp(_, let port): .tcp(host: host, port: port)
            case .tls(_, let port): .tls(host: host, port: port)
            case .unix: self
            }
        }
    }

    package let address: Address
    package let user: String?
    package let password: String?
    package let database: Int

    package init(address: Address, user: String? = nil, password: String? = nil, database: Int = 0) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
    }

    /// Reads `redis://[user:password@]host[:port][/db]`, `rediss://…`, `unix://[user:password@]/path[?db=n]`
    /// (or `unix:/path`); nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        var rest = text[text.index(after: colon)...]
        if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        switch text[..<colon] {
        case "redis": self.init(authority: rest, secure: false)
        case "rediss": self.init(authority: rest, secure: true)
        case "unix": self.init(path: rest)
        default: return nil
        }
    }

    private init?(authority text: Substring, secure: Bool) {
        guard let (rest, user, password) = RedisURL.credentials(of: text) else { return nil }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let (host, port) = RedisURL.endpoint(of: parts[0]) else { return nil }
        var database = 0
        if parts.count == 2, !parts[1].isEmpty {
            guard let number = RedisURL.number(parts[1], max: 65535) else { return nil }
            database = number
        }
        let address: Address = secure ? .tls(host: host, port: port) : .tcp(host: host, port: port)
        self.init(address: address, user: user, password: password, database: database)
    }

    private init?(path text: Substring) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let (path, user, password) = RedisURL.credentials(of: parts[0]) else { return nil }
        guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
        var database = 0
        if parts.count == 2 {
            guard parts[1].hasPrefix("db="), let number = RedisURL.number(parts[1].dropFirst(3), max: 65535)
            else { return nil }
            database = number
        }
        guard let decoded = RedisURL.percentDecoded(path) else { return nil }
        self.init(address: .unix(path: decoded), user: user, password: password, database: database)
    }

    /// Splits `[user][:password]@rest`; both parts are percent-decoded, and an empty user is none.
    private static func credentials(of text: Substring) -> (
        rest: Substring, user: String?, password: String?
    )? {
        guard let at = text.lastIndex(of: "@") else { return (text, nil, nil) }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = percentDecoded(parts[0]) else { return nil }
        let rest = text[text.index(after: at)...]
        guard parts.count == 2 else { return (rest, nil, first.isEmpty ? nil : first) }
        guard let password = percentDecoded(parts[1]) else { return nil }
        return (rest, first.isEmpty ? nil : first, password)
    }

    /// `host`, `host:port` or `[v6]:port`; the port is 6379 unless told.
    private static func endpoint(of text: Substring) -> (host: String, port: UInt16)? {
        var host = text
        var port = Substring()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            port = tail.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { return nil }
        guard !port.isEmpty else { return (String(host), 6379) }
        guard let number = number(port, max: 65535), number > 0 else { return nil }
        return (String(host), UInt16(number))
    }

    /// Digits alone: `Int("+5")` is 5, and no URL means that.
    private static func number(_ text: Substring, max: Int) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        guard let number = Int(text), number <= max else { return nil }
        return number
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value)
            else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension RedisURL: CustomStringConvertible {
    /// The URL with `***` for the password: fit for logs and messages.
    package var description: String {
        let login = password == nil ? "" : "\(user ?? ""):***@"
        let path = database == 0 ? "" : "/\(database)"
        switch address {
        case .tcp(let host, let port): return "redis://\(login)\(host):\(port)\(path)"
        case .tls(let host, let port): return "rediss://\(login)\(host):\(port)\(path)"
        case .unix(let file): return "unix://\(login)\(file)\(database == 0 ? "" : "?db=\(database)")"
        }
    }
}
