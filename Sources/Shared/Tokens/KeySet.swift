/// A public key with what a JWKS says of it.
package struct IdentifiedKey: Hashable, Sendable {
    /// Nil when the set gives it no id: it is then tried for every token of its algorithm.
    package let keyID: [UInt8]?
    /// The one algorithm it is for; never HS256.
    package let algorithm: TokenAlgorithm
    package let key: PublicKey

    package init(keyID: [UInt8]?, algorithm: TokenAlgorithm, key: PublicKey) {
        precondition(algorithm != .hs256, "a public key never makes HMACs")
        self.keyID = keyID
        self.algorithm = algorithm
        self.key = key
    }
}

/// Everything that tokens are checked with, at one moment. Immutable: a reload makes another one.
package struct KeySet: Hashable, Sendable {
    package let secrets: [TokenSecret]
    /// Nil when no JWKS is configured; empty when one is, and has no key for us (yet).
    package let publicKeys: [IdentifiedKey]?
    package let policy: TokenPolicy

    package init(
        secrets: [TokenSecret] = [], publicKeys: [IdentifiedKey]? = nil, policy: TokenPolicy = TokenPolicy()
    ) {
        self.secrets = secrets
        self.publicKeys = publicKeys
        self.policy = policy
    }

    /// The same with another set of public keys.
    package func with(publicKeys: [IdentifiedKey]) -> KeySet {
        KeySet(secrets: secrets, publicKeys: publicKeys, policy: policy)
    }
}
