import Shared

/// Builds tokens, good and bad, from the texts of their parts.
struct TokenBuilder {
    static let secret = "0Q8vYxk3Zb7uW5hN2cRtGm9JpLsXeAfD"
    static let now = Timestamp(micros: 1_800_000_000_000_000)

    var header = #"{"alg":"HS256","typ":"JWT"}"#
    var claims = #"{"sub":"u1","exp":1800000900}"#
    var secret = Self.secret

    init(header: String? = nil, claims: String? = nil, secret: String? = nil) {
        if let header { self.header = header }
        if let claims { self.claims = claims }
        if let secret { self.secret = secret }
    }

    var signed: [UInt8] {
        Base64URL.encode(Array(header.utf8)) + [0x2E] + Base64URL.encode(Array(claims.utf8))
    }

    var bytes: [UInt8] {
        signed + [0x2E] + Base64URL.encode(HMACSHA256(key: Array(secret.utf8)).code(of: signed).bytes)
    }

    /// A key set with the builder's secret alone.
    static var keys: KeySet { KeySet(secrets: [TokenSecret(secret: secret)]) }
}

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

/// Tokens of sub `u1`, signed with keys that were made for these tests and thrown away.
enum SignedTokens {
    static let keySet = """
        {"keys":[{"kty":"RSA","kid":"r1","use":"sig","alg":"RS256","n":"4qDNtC51cw91j6OyXZHow0jhaB7o3-ayy4DHOxPpWnj\
        kEvrEB0yNRwEoAXiPI4b0hdt9LLTWkrIEl4O6HcWbaoI9eFOaF3d0jsPDN8ZFbIPhoEPgsbhXt3gVqNwhdBDlE1fw3uAkf459vGw5KfpbK\
        EtLt20nXmCk4ePixBpuEkQAzYoMt4RXjZyClPC7-rvrEGvbowaPJ9jG6XLRcMN9yiN3kA9zIJGzpPcnLyen7HRsm4qMR_SMNZBVH96qCJyz\
        jXZzcXso5DK0raPcm4fiDEGM8SLUrbbNkyhZraRP2DBxIrYeIBA_NSWnTmjPgX22Hdoz8I7XRItShsUzj8fCFw","e":"AQAB"},\
        {"kty":"EC","kid":"e1","crv":"P-256","x":"3r3AblvjzU9JpnJ7i45uQHbTGgG81Y2EPN577WI8x_c",\
        "y":"nCqYG_0e4A7rnVBYK_WJJ4WKSkJuxwSSxlTqpaKyvhU"},\
        {"kty":"OKP","kid":"d1","crv":"Ed25519","x":"GVZEBB_sG_LvSMqdp255zssOMUaz4UyND74i1UBF_Ow"}]}
        """
    static let weakKey = """
        {"kty":"RSA","kid":"w1","n":"wY8HhRKLWYcY_8ex7h5YTf-9WMms6EVrMM86YNbgrOQdKr2mAe-jUC5nSEQZRBoVJ-_MHyzxgKGAUi\
        oAXgTQ_1uq7YazAoxdDDbqe03sQ3v4yJzlcl7MotzXX27O7j-du8Ld0Z5r_QTa6zRElidK5ZO9wnWPmfZVkjIIPtvTzfM","e":"AQAB"}
        """
    static let rs256 = """
        eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.OFxke0OeE1jy8UcmdWRSvsAzHmzilbM\
        Gkl7I2Csue-2P09BPNqGRfcZNd0HgMl9RlLX30iCGOpeU5B_ELywVG8sZsRjMCCVXfPM__pcUDrdh6jI7d9px-KfMBb9V9AQ0rrdDMNpxDu\
        f1wvOfiTySIvO5TiodiUX5rr1-6zNhoZMNKKaE4Wz-UWKMARkTZKpt2zSL95zZxZIB9_-a-UwNtsFzbOs0KiyHt1emhCWyksv5qffvGgAyc\
        CvzA6n5ggjNjawMFUj1LkqybqJpZBwtxhSeTyQ3Q5kzBgtjpnC3QDgRJwtlW3gRfnAJayByjRrrQBe6iLrHJfBI3Frnhbg1IA
        """
    static let es256 = """
        eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.xC0MjER5wlQjRbvOhgXXdC_GTW67l9r\
        6FVk-BYpLjaB4pYJvQt7UIGaY7yx30to-z7j0Vwo98Tpvo66vW7F8ZQ
        """
    static let edDSA = """
        eyJhbGciOiJFZERTQSIsImtpZCI6ImQxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.xLImI8FJ0sJvKZu8gJ_Hoi1QodWZUJY\
        xG2P7VhyNtPQUg6_Brv0yO4h1kYfHszA_TKVL-VYXaIw8CsXiWah_CA
        """
    static let ed25519 = """
        eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZDEifQ.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.e-ZwRbxdLro232UJQuM3NB7-xTER\
        bYSW-uAArTmnYHocZvYfFNUQoRMyjOrcEhfAfyTS7Q7rcJgZ7QYi0E9mAw
        """
    static let weak = """
        eyJhbGciOiJSUzI1NiIsImtpZCI6IncxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.T4xWm5ZWhIG5i7HdEHTYTaIXqDX7zld\
        FixRTlZODOAVJPluealcv2hRbjyKxJAn6-C7NediRd3zQiFDou31yYCtmiWlBgO4XSyVuC___rrb4AEKt67xxqwXSzetHD8pxoxgFTCWkXi\
        WLVKTHtai1zy6x6wRJ2wzj1Qkj-uc7UBk
        """

    static var keys: KeySet {
        get throws { KeySet(publicKeys: try JSONWebKeys.read(Array(keySet.utf8)).keys) }
    }
}
