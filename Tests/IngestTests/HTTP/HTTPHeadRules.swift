/// Heads and the status that each must get; whole or byte by byte makes no difference.
enum HTTPHeadRules {
    static let malformedLines: [String] = [
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / \r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "GET / HTTP/11\r\nHost: a\r\n\r\n",
        "GET / HTTP/1,1\r\nHost: a\r\n\r\n", "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n",
        "GET / HTTPS/1.1\r\nHost: a\r\n\r\n",
        "GET / XTTP/1.1\r\nHost: a\r\n\r\n", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G\u{e9}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "(GET) / HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    ]

    static let malformedTargets: [String] = [
        "*", "a", "api/x", "//host/%2f", "/\u{e9}", "/a\\b", "/a\"b", "/a<b", "/a>b", "/a^b", "/a`b", "/a{b",
        "/a}b",
        "/a|b", "/a[b]", "/#", "/a#b", "/a?b#c", "?a=b", "/%", "/%2", "/%zz", "/%2g", "/%%", "/a%", "/a%2/b",
        "/%u0041",
        "/%2f", "/%2F", "/a%2fb", "/%5c", "/%5C", "/a%5Cb", "/%00", "/a%00", "/.", "/..", "/a/.", "/a/..",
        "/a/./b",
        "/a/../b", "/%2e", "/%2E", "/%2e%2e", "/.%2e", "/%2E.", "/a/%2e%2E/b", "/../..", "/./", "/..?x=1",
        "http://", "http:///", "http:///a", "http://?a", "http://u@a/", "http://a b/", "http:/a", "http//a",
        "ftp://a/",
        "a:80", "http://a\\b/", "http://a#b", "ws://a/", "/a?b\u{e9}", "/a?\u{7f}",
    ]

    static let malformedHeaders: [String] = [
        ": a", " X: a", "\tX: a", "X : a", "X\t: a", "X", "X a", "X\0: a", "X(: a", "X\u{e9}: a", "X/Y: a",
        "X@: a",
        "X[: a", "\"X\": a", "X: a\0b", "X: \u{1}", "X: a\u{7f}", "X: a\u{8}", "X: a\u{b}b", "X: a\u{c}b",
        "X: a\u{1b}[0m",
        "X: a\r b", "X: a\rb", "X: a\nb", "X: 1\r\n folded", "X: 1\r\n\tfolded", "X: \r\n a", "X:\r\n\r: a",
        "Host: b", "host: a", "HOST: a", "Host: a\r\nHost: a",
        "Authorization: Bearer a\r\nAuthorization: Bearer a",
        "Authorization: a\r\nauthorization: b", "Content-Type: a/b\r\nContent-Type: a/b",
        "Idempotency-Key: a\r\nIdempotency-Key: a", "idempotency-key: a\r\nIDEMPOTENCY-KEY: b",
        "Sync-Token: a\r\nSync-Token: b", "Origin: a\r\nOrigin: b",
        "Expect: 100-continue\r\nExpect: 100-continue",
        "Expect: 200-ok", "Expect: 100-continue, x", "Expect:", "Expect: 100-continued",
    ]

    static let malformedLengths: [String] = [
        "", "+5", "-0", "-5", "0x5", "05", "00", "007", "5,5", "5, 5", "5;5", "5.0", "1e3", "five", "５",
        "9223372036854775808", "18446744073709551616", "99999999999999999999999999", "5 5", "5\t5", "0 0",
        "\"5\"",
        "1_000", "5a", "٣",
    ]

    static let malformedFramings: [String] = [
        "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
        "content-length: 5\r\nCONTENT-LENGTH: 5", "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding: Chunked", "Transfer-Encoding: CHUNKED", "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx", "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked,", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding:", "Transfer-Encoding: br", "Transfer-Encoding: gzip;q=1", "Transfer-Encoding: , ",
        "Transfer-Encoding: chun ked", "Transfer-Encoding: gzip, chunked, chunked",
        "Transfer-Encoding: trailers",
        "Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "Transfer-Encoding\u{b}: chunked",
        "Transfer-Encoding: \u{b}chunked", "Transfer_Encoding\0: chunked", "Transfer-Encoding: chunked\u{0}",
    ]

    static let hosts: [(value: String, isGood: Bool)] = [
        ("a", true), ("example.com", true), ("example.com:8080", true), ("[::1]:80", true),
        ("127.0.0.1", true),
        ("", true), ("a_b", true), ("a b", false), ("a/b", false), ("a@b", false), ("a?b", false),
        ("a#b", false),
        ("a\\b", false), ("a, b", false), ("a\tb", false), ("\u{e9}", false), ("<a>", false),
        ("\"a\"", false),
    ]

    static let unknown: [String] = [
        "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "get / HTTP/1.1\r\nHost: a\r\n\r\n", "Get / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
        "M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
        "GETT / HTTP/1.1\r\nHost: a\r\n\r\n", "GE / HTTP/1.1\r\nHost: a\r\n\r\n",
        "QUERY /x HTTP/1.1\r\nHost: a\r\n\r\n",
        "LINK / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "TRACE / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: deflate,chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x-gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: compress\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: GZIP\r\n\r\n",
    ]
}
