import Shared
import Support

/// What became of a token.
enum Outcome: Equatable {
    case user(String)
    case refused(TokenFault)

    init(_ token: [UInt8], keys: KeySet = TokenBuilder.keys, now: Timestamp = TokenBuilder.now) {
        do throws(TokenFault) {
            self = .user(try TokenVerifier(keys).verify(token.span, now: now).user.description)
        } catch { self = .refused(error) }
    }

    init(_ token: TokenBuilder, keys: KeySet = TokenBuilder.keys) { self.init(token.bytes, keys: keys) }
    init(_ token: String, keys: KeySet, now: Timestamp = TokenBuilder.now) {
        self.init(Array(token.utf8), keys: keys, now: now)
    }
}
