"""Limits of time (API.md §10): a head and a body that come in drops, and a kept connection."""
import threading
import time

import wire

GOOD = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"


def run(judge, _):
    bearer = ": ".join(judge.bearer()).encode()
    slow(judge,
         b"POST /api/u1/tasks HTTP/1.1\r\nHost: a\r\n" + bearer + b"\r\nContent-Type: application/json\r\n")


def slow(judge, post):
    """Slow clients, all at once: a head in pieces, a body in pieces, and an idle one."""

    def head():
        with wire.Wire(judge.address, 20) as connection:
            begin = time.monotonic()
            connection.send(b"GET /health HTTP/1.1\r\nHost: a\r\n")
            try:
                while time.monotonic() - begin < 14:
                    connection.send(b"X-A: b\r\n")
                    connection.socket.settimeout(1)
                    try:
                        connection.more()
                    except TimeoutError:
                        continue
            except wire.Closed:
                pass
            took = time.monotonic() - begin
            data = connection.buffer
            judge.check("a slow head is ended in 10 s", 8 < took < 13 and (not data or b" 408 " in data[:20]),
                        (took, data[:200]))

    def body():
        with wire.Wire(judge.address, 40) as connection:
            begin = time.monotonic()
            connection.send(post + b"Content-Length: 1000\r\n\r\n")
            try:
                while time.monotonic() - begin < 35:
                    connection.send(b"x")
                    connection.socket.settimeout(1)
                    try:
                        connection.more()
                    except TimeoutError:
                        continue
            except wire.Closed:
                pass
            took = time.monotonic() - begin
            judge.check("a slow body is ended in 30 s", 27 < took < 33 and b" 408 " in connection.buffer[:20],
                        (took, connection.buffer[:300]))

    def idle():
        with wire.Wire(judge.address, 5) as connection:
            connection.send(GOOD)
            connection.read()
            time.sleep(11)
            connection.send(GOOD)
            judge.check("idle for 11 s is allowed", connection.read().status == 200)

    threads = [threading.Thread(target=task) for task in (head, body, idle)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
