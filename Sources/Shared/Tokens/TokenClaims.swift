/// What a token must say besides being signed (API.md §8).
package struct TokenPolicy: Hashable, Sendable {
    /// Nil: any issuer.
    package let issuer: [UInt8]?
    /// Nil: any audience.
    package let audience: [UInt8]?

    /// How far the clocks of issuer and daemon may differ.
    package static let skewMicros: Int64 = 30_000_000

    package init(issuer: String? = nil, audience: String? = nil) {
        self.issuer = issuer.map { Array($0.utf8) }
        self.audience = audience.map { Array($0.utf8) }
    }
}

/// Reads the claims of a token whose signature is good.
enum TokenClaims {
    /// The identity that `text` (JSON) gives at the time `now`, or why it gives none.
    static func identity(
        from text: [UInt8], policy: TokenPolicy, now: Timestamp, reader: JSONReader
    ) throws(TokenFault) -> Identity {
        try TokenJSON.read(text, reader: reader, fault: .claims) { document throws(TokenFault) in
            guard TokenJSON.isObjectWithoutDuplicates(document, membersMax: 256) else { throw .claims }
            let expiry = try checkTimes(document, now: now)
            try checkIssuer(document, policy)
            try checkAudience(document, policy)
            return Identity(
                user: try subject(document), email: profileText("email", in: document, bytesMax: 320),
                name: profileText("name", in: document, bytesMax: 1024), isAdmin: try isAdmin(document),
                expiresAt: expiry)
        }
    }

    /// Checks `exp` (required), `nbf` and `iat`; gives `exp`.
    private static func checkTimes(
        _ document: borrowing JSONDocument, now: Timestamp
    ) throws(TokenFault) -> Timestamp {
        guard let expiry = try time("exp", in: document) else { throw .noExpiry }
        guard now.micros < expiry.addingSaturated(TokenPolicy.skewMicros) else { throw .expired }
        for name in ["nbf", "iat"] as [StaticString] {
            if let start = try time(name, in: document),
                start.addingSaturated(-TokenPolicy.skewMicros) > now.micros
            {
                throw .notYetValid
            }
        }
        return Timestamp(micros: expiry)
    }

    /// A NumericDate (RFC 7519 §2) in microseconds: a JSON number, whole or not; what is out of range saturates.
    private static func time(_ name: StaticString, in document: borrowing JSONDocument) throws(TokenFault)
        -> Int64?
    {
        guard let place = document.member(name, of: document.root) else { return nil }
        switch document.kind(at: place) {
        case .integer(let seconds):
            let (micros, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
            return overflow ? (seconds < 0 ? .min : .max) : micros
        case .unsigned: return .max
        case .double(let seconds):
            return Int64(exactly: (seconds * 1e6).rounded(.down)) ?? (seconds < 0 ? .min : .max)
        default: throw .claims
        }
    }

    private static func checkIssuer(_ document: borrowing JSONDocument, _ policy: TokenPolicy)
        throws(TokenFault)
    {
        guard let wanted = policy.issuer else { return }
        guard let place = document.member("iss", of: document.root), document.string(at: place) == wanted
        else {
            throw .issuer
        }
    }

    /// `aud` is one text or an array of texts; ours must be among them.
    private static func checkAudience(_ document: borrowing JSONDocument, _ policy: TokenPolicy)
        throws(TokenFault)
    {
        guard let wanted = policy.audience else { return }
        guard let place = document.member("aud", of: document.root) else { throw .audience }
        guard try texts(at: place, in: document, fault: .audience).contains(wanted) else { throw .audience }
    }

    /// `sub`: text that is a user's id, or the integer ids of the old API in decimal.
    private static func subject(_ document: borrowing JSONDocument) throws(TokenFault) -> UserID {
        guard let place = document.member("sub", of: document.root) else { throw .subject }
        let text: [UInt8]
        switch document.kind(at: place) {
        case .string: text = document.string(at: place) ?? []
        case .integer(let number) where number >= 0: text = Array(String(number).utf8)
        case .unsigned(let number): text = Array(String(number).utf8)
        default: throw .subject
        }
        guard let user = UserID(text) else { throw .subject }
        return user
    }

    /// True when `scope`, words in one text (RFC 8693 §4.2) or an array of texts, has `tasklane:admin`.
    private static func isAdmin(_ document: borrowing JSONDocument) throws(TokenFault) -> Bool {
        guard let place = document.member("scope", of: document.root) else { return false }
        let admin = Array("tasklane:admin".utf8)
        if let words = document.string(at: place) {
            return words.split(separator: UInt8(ascii: " ")).contains { $0.elementsEqual(admin) }
        }
        return try texts(at: place, in: document, fault: .claims).contains(admin)
    }

    private static func texts(
        at place: Int, in document: borrowing JSONDocument, fault: TokenFault
    ) throws(TokenFault) -> [[UInt8]] {
        if let text = document.string(at: place) { return [text] }
        guard case .array = document.kind(at: place) else { throw fault }
        var found: [[UInt8]] = []
        try document.forEachElement(of: place) { element throws(TokenFault) in
            guard let text = document.string(at: element) else { throw fault }
            found.append(text)
        }
        return found
    }

    /// A claim for the user's row. It decides nothing, so one that PostgreSQL could not keep (U+0000), or that would
    /// bloat every queued mutation, is left out rather than refused.
    private static func profileText(
        _ name: StaticString, in document: borrowing JSONDocument, bytesMax: Int
    ) -> [UInt8]? {
        guard let place = document.member(name, of: document.root), let text = document.string(at: place),
            (1...bytesMax).contains(text.count), text.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return text
    }
}

extension Int64 {
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
