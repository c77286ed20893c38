/// The signature algorithms that we take (RFC 7518 §3.1, RFC 8037, RFC 9864). There is no `none`.
package enum TokenAlgorithm: Hashable, Sendable {
    case hs256, rs256, es256, ed25519

    init?(_ name: Span<UInt8>) {
        if name.isEqual(to: "HS256") {
            self = .hs256
        } else if name.isEqual(to: "RS256") {
            self = .rs256
        } else if name.isEqual(to: "ES256") {
            self = .es256
        } else if name.isEqual(to: "EdDSA") || name.isEqual(to: "Ed25519") {
            self = .ed25519
        } else {
            return nil
        }
    }
}

/// What a token's protected header says, once nothing in it speaks against the token.
struct TokenHeader {
    let algorithm: TokenAlgorithm
    let keyID: [UInt8]?

    /// Members that would change what the signature means, or where the key comes from (API.md §8).
    private static let forbidden: [StaticString] = ["crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"]

    /// Reads the header from its base64url text.
    init(_ text: Span<UInt8>, reader: JSONReader) throws(TokenFault) {
        guard let json = Base64URL.decode(text) else { throw .malformed }
        self = try TokenJSON.read(json, reader: reader, fault: .header) { document throws(TokenFault) in
            try TokenHeader(document)
        }
    }

    private init(_ document: borrowing JSONDocument) throws(TokenFault) {
        guard TokenJSON.isObjectWithoutDuplicates(document, membersMax: 16) else { throw .header }
        for name in Self.forbidden where document.member(name, of: document.root) != nil {
            throw .forbiddenHeader
        }
        guard let place = document.member("alg", of: document.root), document.kind(at: place) == .string
        else {
            throw .header
        }
        guard let algorithm = document.withString(at: place, { TokenAlgorithm($0) }) else { throw .algorithm }
        if let type = document.member("typ", of: document.root) {
            guard document.kind(at: type) == .string,
                document.withString(at: type, { Self.isTaken(type: $0) })
            else { throw .header }
        }
        var keyID: [UInt8]?
        if let place = document.member("kid", of: document.root) {
            guard let text = document.string(at: place) else { throw .header }
            keyID = text
        }
        self.algorithm = algorithm
        self.keyID = keyID
    }

    /// `JWT` or `at+jwt`; media types are compared without regard to ASCII case (RFC 7515 §4.1.9).
    private static func isTaken(type: Span<UInt8>) -> Bool {
        var folded: [UInt8] = []
        for place in type.indices {
            let byte = type[place]
            folded.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
        }
        return folded.span.isEqual(to: "jwt") || folded.span.isEqual(to: "at+jwt")
    }
}

/// What header and claims have in common as JSON.
enum TokenJSON {
    /// Parses `text` and lends the document to `body`; a text that is no JSON is `fault`.
    static func read<Value>(
        _ text: [UInt8], reader: JSONReader, fault: TokenFault,
        _ body: (borrowing JSONDocument) throws(TokenFault) -> Value
    ) throws(TokenFault) -> Value {
        let outcome: Swift.Result<Value, TokenFault>
        do { outcome = try reader.read(text.span, body) } catch { throw fault }
        return try outcome.get()
    }

    /// True when the document is one object that names no member twice. The bound keeps the comparison of all with
    /// all cheap for texts that nobody has vouched for yet.
    static func isObjectWithoutDuplicates(_ document: borrowing JSONDocument, membersMax: Int) -> Bool {
        guard case .object(let count) = document.kind(at: document.root), count <= membersMax else {
            return false
        }
        var names: [[UInt8]] = []
        names.reserveCapacity(count)
        var isUnique = true
        document.forEachMember(of: document.root) { (key, _) throws(Never) in
            let name = document.string(at: key) ?? []
            if names.contains(name) { isUnique = false }
            names.append(name)
        }
        return isUnique
    }
}
