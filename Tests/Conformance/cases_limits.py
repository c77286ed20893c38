"""Limits of size (API.md §9), each to the byte."""
import wire


def padded(line, size):
    """A head of one header line of `size` bytes, without its CRLF."""
    return b"GET /health HTTP/1.1\r\nHost: a\r\n" + line + b"x" * (size - len(line)) + b"\r\n\r\n"


def run(judge, world):
    bearer = ": ".join(judge.bearer()).encode()
    start = b"POST /api/u1/tasks HTTP/1.1\r\nHost: a\r\n" + bearer + b"\r\nContent-Type: application/json\r\n"

    def status(data, method="GET"):
        return wire.raw(judge.address, data, method)

    for size, wanted in ((8190, 200), (8193, 414), (20000, 414), (1000000, 414)):
        line = b"GET /health?" + b"a" * (size - 21) + b" HTTP/1.1"
        answer, closed, rest = status(line + b"\r\nHost: a\r\n\r\n")
        judge.check(
            f"a request line of {size}", answer and answer.status == wanted
            and (wanted == 200 or (closed and answer.code == "uri-too-long")), (answer, closed))
        if answer and wanted != 200:
            judge.universal("414", answer)
    for size, wanted in ((8190, 200), (8193, 431), (15000, 431), (17000, 431), (200000, 431)):
        answer, closed, _ = status(padded(b"X-A: ", size))
        judge.check(
            f"a header of {size}", answer and answer.status == wanted
            and (wanted == 200 or (closed and answer.code == "headers-too-large")), (answer, closed))
        if answer and wanted != 200:
            judge.universal("431", answer)
    for count, size, wanted in ((3, 5000, 200), (4, 5000, 431), (63, 100, 200), (64, 100, 431), (63, 5, 200),
                                (64, 5, 431), (5000, 5, 431)):
        lines = b"".join(b"X-%04d: %s\r\n" % (i, b"y" * (size - 8)) if size > 8 else b"X:%d\r\n" % i
                         for i in range(count))
        answer, closed, _ = status(b"GET /health HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
        judge.check(f"{count} headers of {size} beside Host", answer and answer.status == wanted,
                    (answer, closed))
    answer, closed, _ = status(b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100000)
    judge.check("a header without an end", answer and answer.status == 431 and closed, (answer, closed))
    answer, closed, _ = status(b"G" * 100000)
    judge.check("a line without an end", answer and answer.status in (414, 400) and closed, (answer, closed))
    body = b'{"title":"a"}'
    for size, wanted in ((65536, 202), (65537, 413)):
        answer, closed, _ = status(
            start + b"Content-Length: %d\r\n\r\n" % size + body + b" " * (size - len(body)), "POST")
        judge.check(
            f"a body of {size}", answer and answer.status == wanted
            and (answer.code == "content-too-large") == (wanted == 413), answer)
        chunked = body + b" " * (size - len(body))
        answer, closed, _ = status(
            start + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size + chunked + b"\r\n0\r\n\r\n", "POST")
        judge.check(f"a chunked body of {size}", answer and answer.status == wanted, answer)
    with wire.Wire(judge.address, 5) as connection:
        connection.send(start + b"Content-Length: 1000000000\r\n\r\n")
        answer = connection.read("POST")
        judge.check("413 before the body comes", answer.status == 413, answer)
        judge.universal("413", answer)
    for method, path in ((b"PUT", b"/api/u1/tasks/01900000-0000-7000-8000-000000000001"),
                         (b"DELETE", b"/api/u1/tasks/01900000-0000-7000-8000-000000000001"),
                         (b"GET", b"/api/u1/tasks"), (b"GET", b"/health")):
        with wire.Wire(judge.address, 5) as connection:
            connection.send(
                start.replace(b"POST /api/u1/tasks", method + b" " + path) +
                b"Content-Length: 1000000000\r\n\r\n")
            answer = connection.read(method.decode())
            judge.check(f"{method} {path} with a large body", answer.status in (413, 400), answer)
    answer, _, _ = status(b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" +
                          b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    judge.check("GET with a small body", answer and answer.status in (200, 400, 413), answer)
    answer = judge.call("GET",
                        "/api/requests?ids=" + ",".join(["01900000-0000-7000-8000-000000000001"] * 101))
    judge.check("101 ids", answer.status == 400, answer)
    answer = judge.call("GET",
                        "/api/requests?ids=" + ",".join(["01900000-0000-7000-8000-000000000001"] * 100))
    judge.check("100 ids", answer.status == 200 and len(answer.json["not_found"]) in (1, 100), answer)
