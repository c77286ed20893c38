/// Why a token, or what came in its place, was refused. For metrics and logs; the client sees one answer for all.
package enum TokenFault: String, Error, CaseIterable, Sendable {
    /// No Authorization header.
    case missing
    /// Another scheme than Bearer, or no token after it.
    case scheme
    /// Not three strict base64url parts, or longer than we read.
    case malformed
    /// A header that is no JSON object of known shape, names a member twice, or says a `typ` that we do not take.
    case header
    /// A header member that we must not ignore: crit, b64, zip, enc, jwk, jku, x5u, x5c.
    case forbiddenHeader = "forbidden_header"
    /// An algorithm that we do not take, `none` before all, or have no key for.
    case algorithm
    /// No key with this id; for keys from a URL a reason to look again.
    case unknownKey = "unknown_key"
    case signature
    /// Claims that are no JSON object, name one twice, or have one of the wrong type.
    case claims
    /// No `exp`.
    case noExpiry = "no_expiry"
    case expired
    /// `nbf` or `iat` in the future.
    case notYetValid = "not_yet_valid"
    case issuer
    case audience
    /// No `sub`, or one that cannot be a user's id.
    case subject
    /// An API key that is misspelt, unknown, revoked or past its end.
    case apiKey = "api_key"
    /// An API key that cannot be looked up now.
    case unavailable

    /// The label of `tasklane_auth_failures_total`.
    package var reason: String { rawValue }
}
