"""HTTP/1.1 on raw sockets (API.md §10): each attack must be 400 and the end, and legal forms must work."""
import wire

GOOD = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"


def run(judge, world):
    body = b'{"title":"a"}'
    bearer = ": ".join(judge.bearer()).encode()
    post = b"POST /api/u1/tasks HTTP/1.1\r\nHost: a\r\n" + bearer + b"\r\nContent-Type: application/json\r\n"
    lines(judge)
    headers(judge)
    lengths(judge, post, body)
    chunks(judge, post, body)
    legal(judge, post, body)


def lines(judge):
    for line in (b"GET /health", b"GET  /health HTTP/1.1", b"GET /health  HTTP/1.1", b" GET /health HTTP/1.1",
                 b"GET /health HTTP/1.1 ", b"GET\t/health HTTP/1.1", b"GET /health HTTP/1.2x",
                 b"GET /health http/1.1", b"GET /health HTTP/1", b"GET /health HTTP/11",
                 b"GET /health HTTP/1.1\x00", b"GET /he\x00alth HTTP/1.1", b"GET /he\x7falth HTTP/1.1",
                 b"GET /he\xffalth HTTP/1.1", b"GET health HTTP/1.1", b"GET  HTTP/1.1", b"/health HTTP/1.1",
                 b"GE(T /health HTTP/1.1", b"GET /hea lth HTTP/1.1", b"GET /health#x HTTP/1.1",
                 b"GET * HTTP/1.1", b"GET ftp://a/health HTTP/1.1", b"GET http:///health HTTP/1.1",
                 b"GET http://b/health HTTP/1.1", b"GET http://u@a/health HTTP/1.1",
                 b"GET http://a:99/health HTTP/1.1", b"GET /health HTTP/0.9", b"GET /health FTP/1.1",
                 b"GET /health HTTP/-1.1", b"GET /health HTTP/1.1\x0b", b"",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /%zz HTTP/1.1",
                 b"GET /health?a=%zz HTTP/1.1"):
        data = line + b"\r\nHost: a\r\n\r\n"
        if line == b"":
            data = b"\r\n\r\n\r\n\r\n\r\n\r\nX\r\n\r\n"
        if b"%zz" in line:
            answer, _, _ = wire.raw(judge.address, data)
            judge.check(f"line {line!r}", answer and answer.status in (400, 404, 200), answer)
            continue
        judge.refused(f"line {line!r}", data, code="malformed-request")
    for version in (b"HTTP/2.0", b"HTTP/3.0", b"HTTP/1.9"):
        answer, closed, _ = wire.raw(judge.address, b"GET /health " + version + b"\r\nHost: a\r\n\r\n")
        judge.check(
            f"version {version}", answer and answer.status in (400, 505)
            or (version == b"HTTP/1.9" and answer.status == 200), answer)
    judge.refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", code="malformed-request")


def headers(judge):
    start = b"GET /health HTTP/1.1\r\n"
    for name, data in {
            "no Host": start + b"\r\n",
            "two Hosts": start + b"Host: a\r\nHost: a\r\n\r\n",
            "two Hosts by case": start + b"Host: a\r\nhOST: b\r\n\r\n",
            "a Host list": start + b"Host: a, b\r\n\r\n",
            "Host with a slash": start + b"Host: a/b\r\n\r\n",
            "Host with an at": start + b"Host: u@a\r\n\r\n",
            "Host with a space": start + b"Host: a b\r\n\r\n",
            "a bare LF": b"GET /health HTTP/1.1\nHost: a\r\n\r\n",
            "bare LFs": b"GET /health HTTP/1.1\nHost: a\n\n",
            "LF in the headers": start + b"Host: a\nX: b\r\n\r\n",
            "LF at the end": start + b"Host: a\r\n\n",
            "a bare CR": start + b"Host: a\rX: b\r\n\r\n",
            "CR in a value": start + b"Host: a\r\nX: a\rb\r\n\r\n",
            "CR CR LF": start + b"Host: a\r\r\n\r\n",
            "obs-fold": start + b"Host: a\r\nX: b\r\n c\r\n\r\n",
            "obs-fold by tab": start + b"Host: a\r\nX: b\r\n\tc\r\n\r\n",
            "obs-fold first": start + b" Host: a\r\n\r\n",
            "a space before the colon": start + b"Host : a\r\n\r\n",
            "a tab before the colon": start + b"Host: a\r\nX\t: b\r\n\r\n",
            "no colon": start + b"Host: a\r\nX\r\n\r\n",
            "an empty name": start + b"Host: a\r\n: b\r\n\r\n",
            "a space in the name": start + b"Host: a\r\nX Y: b\r\n\r\n",
            "a name of parentheses": start + b"Host: a\r\nX(): b\r\n\r\n",
            "a name of bytes": start + b"Host: a\r\nX\xe9: b\r\n\r\n",
            "NUL in a name": start + b"Host: a\r\nX\0: b\r\n\r\n",
            "NUL in a value": start + b"Host: a\r\nX: a\0b\r\n\r\n",
            "a control in a value": start + b"Host: a\r\nX: a\x01b\r\n\r\n",
            "DEL in a value": start + b"Host: a\r\nX: a\x7fb\r\n\r\n",
            "ESC in a value": start + b"Host: a\r\nX: \x1b[31m\r\n\r\n",
            "a vertical tab": start + b"Host: a\r\nX: a\x0bb\r\n\r\n",
            "NUL in Host": start + b"Host: a\0\r\n\r\n",
            "two Authorizations": start +
                                  b"Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
            "two Content-Types": start + b"Host: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n",
            "two Idempotency-Keys": start + b"Host: a\r\nIdempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n",
    }.items():
        judge.refused(name, data, code="malformed-request")
        judge.refused(name + ", then a good one", data + GOOD, code="malformed-request")


def lengths(judge, post, body):
    size = str(len(body)).encode()
    for value in (b"+13", b"-0", b"-13", b"0x0d", b"13,13", b"13, 13", b"013", b"00", b"", b" ", b"13 13",
                  b"1e1", b"13.0", b"99999999999999999999", b"18446744073709551629", b"9223372036854775808",
                  b"\xef\xbc\x91\xef\xbc\x93", b"13;", b"\"13\"", b"abc", b"1_3"):
        judge.refused(f"Content-Length {value!r}",
                      post + b"Content-Length: " + value + b"\r\n\r\n" + body,
                      code="malformed-request",
                      method="POST")
    for name, data in {
            "two Content-Lengths": b"Content-Length: 13\r\nContent-Length: 13\r\n\r\n" + body,
            "two other Content-Lengths": b"Content-Length: 13\r\nContent-Length: 5\r\n\r\n" + body,
            "Content-Length and TE": b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n" + body +
                                     b"\r\n0\r\n\r\n",
            "TE and Content-Length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" +
                                     GOOD,
            "Content-Length 0 and TE": b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "two TEs": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "TE chunked, chunked": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "TE identity": b"Transfer-Encoding: identity\r\n\r\n",
            "TE xchunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "TE of nothing": b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
            "TE chunked;q=1": b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
            "TE quoted": b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
            "TE chunked,": b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
            "TE with a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
            "TE folded": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
            "TE with a space before": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "TE chunked, then another": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
            "TE by a Kelvin sign": "Transfer-Encoding: chun\u212aed\r\n\r\n0\r\n\r\n".encode(),
    }.items():
        answer, closed, rest = wire.raw(judge.address, post + data, "POST")
        judge.check(
            name, answer
            and answer.status in ((400, ) if "TE" not in name or "Content" in name or "x" not in name else
                                  (400, 501)) and closed and rest == b"", (answer, closed, rest))
    for coding in (b"gzip", b"deflate", b"compress", b"gzip, chunked"):
        answer, closed, rest = wire.raw(judge.address,
                                        post + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n", "POST")
        judge.check(
            f"TE {coding}", answer and answer.status == 501 and answer.code == "not-implemented" and closed
            and rest == b"", (answer, closed, rest))
    ten = post.replace(b"HTTP/1.1", b"HTTP/1.0")
    judge.refused("TE on 1.0",
                  ten + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  code="malformed-request",
                  method="POST")
    answer, _, _ = wire.raw(judge.address,
                            b"GET /api/u1/tasks HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n")
    judge.check("400 before 401", answer and answer.status == 400, answer)
    answer, _, rest = wire.raw(
        judge.address, post + b"Content-Length: " + size + b"\r\nConnection: close\r\n\r\n" + body + GOOD,
        "POST")
    judge.check("nothing after Connection: close", answer and answer.status == 202 and rest == b"",
                (answer, rest))


def chunks(judge, post, body):
    chunked = post + b"Transfer-Encoding: chunked\r\n\r\n"
    for name, data in {
            "an extension": b"d;a=b\r\n" + body + b"\r\n0\r\n\r\n",
            "a semicolon": b"d;\r\n" + body + b"\r\n0\r\n\r\n",
            "an extension at the end": b"d\r\n" + body + b"\r\n0;x\r\n\r\n",
            "0x": b"0xd\r\n" + body + b"\r\n0\r\n\r\n",
            "a sign": b"+d\r\n" + body + b"\r\n0\r\n\r\n",
            "minus": b"-d\r\n" + body + b"\r\n0\r\n\r\n",
            "a space before": b" d\r\n" + body + b"\r\n0\r\n\r\n",
            "a space after": b"d \r\n" + body + b"\r\n0\r\n\r\n",
            "no size": b"\r\n" + body + b"\r\n0\r\n\r\n",
            "no hex": b"g\r\n" + body + b"\r\n0\r\n\r\n",
            "LF": b"d\n" + body + b"\n0\n\n",
            "LF after data": b"d\r\n" + body + b"\n0\r\n\r\n",
            "too short": b"c\r\n" + body + b"\r\n0\r\n\r\n",
            "too long": b"e\r\n" + body + b"\r\n0\r\n\r\n",
            "overflow": b"ffffffffffffffffd\r\n" + body,
            "overflow by one": b"10000000000000000\r\n" + body,
            "maximal": b"ffffffffffffffff\r\n" + body + b"\r\n0\r\n\r\n",
            "CR alone": b"d\r" + body + b"\r\n0\r\n\r\n",
            "zeros": b"0" * 100 + b"d\r\n" + body + b"\r\n0\r\n\r\n",
            "a bad trailer": b"d\r\n" + body + b"\r\n0\r\nX Y: b\r\n\r\n",
            "a folded trailer": b"d\r\n" + body + b"\r\n0\r\nX: b\r\n c\r\n\r\n",
            "LF in a trailer": b"d\r\n" + body + b"\r\n0\r\nX: b\n\r\n",
    }.items():
        answer, closed, rest = wire.raw(judge.address, chunked + data, "POST")
        allowed = (400, ) if name not in ("maximal", "overflow", "overflow by one", "zeros") else (400, 413)
        judge.check(f"chunk: {name}", answer and answer.status in allowed and closed and rest == b"",
                    (answer, closed, rest))
    for name, data in {
            "two chunks": b"1\r\n{\r\nC\r\n" + body[1:] + b"\r\n0\r\n\r\n",
            "trailers": b"d\r\n" + body + b"\r\n0\r\nX: y\r\nAuthorization: z\r\n\r\n",
            "leading zeros": b"00d\r\n" + body + b"\r\n000\r\n\r\n"
    }.items():
        with wire.Wire(judge.address) as connection:
            connection.send(chunked + data + GOOD)
            one = connection.read("POST")
            judge.check(f"chunk: {name} is good", one.status == 202
                        or (name == "leading zeros" and one.status == 400), one)
            if one.status == 202:
                two = connection.read()
                judge.check(f"chunk: {name}: the next one", two.status == 200, two)
    with wire.Wire(judge.address) as connection:
        for byte in chunked + b"d\r\n" + body + b"\r\n0\r\n\r\n":
            connection.send(bytes([byte]))
        judge.check("byte by byte", connection.read("POST").status == 202)
    answer, closed, rest = wire.raw(judge.address,
                                    chunked + b"".join(b"1\r\n \r\n" for _ in range(66000)) + b"0\r\n\r\n",
                                    "POST")
    judge.check("chunks past 64 KiB", answer and answer.status == 413 and closed, (answer, closed))


def legal(judge, post, body):
    with wire.Wire(judge.address) as connection:
        connection.send(GOOD * 50)
        judge.check("50 pipelined", [connection.read().status for _ in range(50)] == [200] * 50)
    with wire.Wire(judge.address) as connection:
        full = post + b"Content-Length: 13\r\nX-Request-Id: r%d\r\n\r\n" + body
        connection.send(b"".join(full % i if i %
                                 2 else GOOD.replace(b"\r\n\r\n", b"\r\nX-Request-Id: r%d\r\n\r\n" % i)
                                 for i in range(40)))
        ids = [connection.read().get("X-Request-Id") for _ in range(40)]
        judge.check("pipelined answers are in order", ids == [f"r{i}" for i in range(40)], ids)
    with wire.Wire(judge.address) as connection:
        connection.send(GOOD + b"GET /health HTTP/1.1\r\n\r\n" + GOOD)
        one, two = connection.read(), connection.read()
        closed, rest = connection.rest()
        judge.check("nothing is answered after an error", (one.status, two.status) == (200, 400) and closed
                    and rest == b"", (one, two, rest))
    for name, data, status in (
        ("one empty line before", b"\r\n" + GOOD,
         200), ("tabs about a value", b"GET /health HTTP/1.1\r\nHost:\ta\t \r\n\r\n",
                200), ("no space", b"GET /health HTTP/1.1\r\nHost:a\r\n\r\n",
                       200), ("an empty value", b"GET /health HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n",
                              200), ("obs-text", b"GET /health HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n", 200),
        ("IPv6 Host", b"GET /health HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
         200), ("absolute form", b"GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n",
                200), ("absolute form in capitals", b"GET HTTP://A/health HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("absolute form with a port", b"GET http://a:80/health HTTP/1.1\r\nHost: a:80\r\n\r\n",
         200), ("a query", b"GET /health? HTTP/1.1\r\nHost: a\r\n\r\n",
                200), ("an empty Host", b"GET /health HTTP/1.1\r\nHost:\r\n\r\n", (200, 400)),
        ("Upgrade is passed over",
         b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
         200)):
        answer, closed, _ = wire.raw(judge.address, data, timeout=5)
        judge.check(f"legal: {name}", answer and answer.status in (status if isinstance(status, tuple) else
                                                                   (status, )), answer)
    for version, connection, closes in ((b"1.0", b"", True), (b"1.0", b"Connection: keep-alive\r\n",
                                                              None), (b"1.1", b"Connection: close\r\n", True),
                                        (b"1.1", b"Connection: Close\r\n", True),
                                        (b"1.1", b"Connection: x, close\r\n", True), (b"1.1", b"", False)):
        answer, closed, _ = wire.raw(judge.address,
                                     b"GET /health HTTP/" + version + b"\r\nHost: a\r\n" + connection +
                                     b"\r\n",
                                     timeout=5)
        judge.check(f"HTTP/{version} {connection}", answer and answer.status == 200
                    and closes in (closed, None), (answer, closed))
    answer, _, _ = wire.raw(judge.address, b"GET /health HTTP/1.0\r\n\r\n", timeout=5)
    judge.check("1.0 needs no Host", answer and answer.status == 200, answer)
    with wire.Wire(judge.address) as connection:
        connection.send(post + b"Content-Length: 13\r\nExpect: 100-continue\r\n\r\n")
        judge.check("100-continue", connection.read().status == 100)
        connection.send(body)
        judge.check("100-continue, then the answer", connection.read("POST").status == 202)
    for name, start, length, status in (("without a token", b"POST /api/u1/tasks HTTP/1.1\r\nHost: a\r\n",
                                         b"13", 401), ("too large", post, b"65537", 413),
                                        ("of another", post.replace(b"/u1/", b"/u2/"), b"13",
                                         403), ("on no route", post.replace(b"/tasks", b"/x"), b"13", 404),
                                        ("of another type", post.replace(b"application/json",
                                                                         b"text/plain"), b"13", 415)):
        with wire.Wire(judge.address) as connection:
            connection.send(start + b"Content-Length: " + length + b"\r\nExpect: 100-continue\r\n\r\n")
            answer = connection.read("POST")
            judge.check(f"100-continue {name}", answer.status == status, answer)
    answer, _, _ = wire.raw(judge.address,
                            b"GET /health HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n",
                            timeout=5)
    judge.check("another Expect", answer and answer.status in (200, 400, 417), answer)
    with wire.Wire(judge.address) as connection:
        connection.send(b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n" +
                        b"GET /health HTTP/1.1\r\nHost:a\r\n\r\n"[:30] + GOOD)
        one = connection.read()
        closed, rest = connection.rest()
        judge.check("a refused body is no request", one.status == 404 and rest.count(b"HTTP/1.1 200") <= 1,
                    (one, rest))
