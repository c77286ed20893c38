/// Checks tokens with the keys of one `KeySet`. Holds OpenSSL's contexts, so one object serves one thread.
package final class TokenVerifier {
    private struct Secret {
        let keyID: [UInt8]?
        let code: HMACSHA256
    }

    private struct Public {
        let keyID: [UInt8]?
        let algorithm: TokenAlgorithm
        let key: VerifyingKey
    }

    /// Keys tried for one token at most, when it does not say which: signature checks are not free.
    private static let keysTriedMax = 8

    private let secrets: [Secret]
    private let publicKeys: [Public]?
    private let policy: TokenPolicy
    private let reader = JSONReader()

    package init(_ keys: KeySet) {
        secrets = keys.secrets.map { Secret(keyID: $0.keyID, code: HMACSHA256(key: $0.bytes)) }
        publicKeys = keys.publicKeys?.compactMap { key in
            // A key that cannot be made is one that JSONWebKeys would have skipped.
            do {
                return Public(keyID: key.keyID, algorithm: key.algorithm, key: try VerifyingKey(key.key))
            } catch {
                return nil
            }
        }
        policy = keys.policy
    }

    /// The identity that `token` proves at the time `now`, or the first thing that speaks against it. Claims are not
    /// looked at before the signature is good.
    package func verify(_ token: Span<UInt8>, now: Timestamp) throws(TokenFault) -> Identity {
        guard let parts = CompactToken(token) else { throw .malformed }
        let header = try TokenHeader(token.extracting(parts.header), reader: reader)
        guard let signature = Base64URL.decode(token.extracting(parts.signature)) else { throw .malformed }
        let signed = token.extracting(parts.signed)
        if header.algorithm == .hs256 {
            try checkCode(signature, of: signed, keyID: header.keyID)
        } else {
            try checkSignature(signature, of: signed, header)
        }
        guard let claims = Base64URL.decode(token.extracting(parts.claims)) else { throw .malformed }
        return try TokenClaims.identity(from: claims, policy: policy, now: now, reader: reader)
    }

    /// The secret with the token's key id alone, or else all of them, without telling by the time which one it was.
    private func checkCode(_ signature: [UInt8], of signed: Span<UInt8>, keyID: [UInt8]?) throws(TokenFault) {
        guard !secrets.isEmpty else { throw .algorithm }
        guard let claimed = Digest(signature) else { throw .signature }
        if let keyID, let named = secrets.first(where: { $0.keyID == keyID }) {
            guard named.code.code(of: signed) == claimed else { throw .signature }
            return
        }
        var matches = 0
        for secret in secrets { matches += secret.code.code(of: signed) == claimed ? 1 : 0 }
        guard matches > 0 else { throw .signature }
    }

    private func checkSignature(
        _ signature: [UInt8], of signed: Span<UInt8>, _ header: TokenHeader
    ) throws(TokenFault) {
        guard let publicKeys else { throw .algorithm }
        var tried = 0
        for candidate in publicKeys where candidate.algorithm == header.algorithm {
            if let wanted = header.keyID, let keyID = candidate.keyID, wanted != keyID { continue }
            if candidate.key.verifies(signature, of: signed) { return }
            tried += 1
            if tried == Self.keysTriedMax { break }
        }
        throw tried == 0 ? .unknownKey : .signature
    }
}
