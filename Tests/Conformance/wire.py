"""HTTP/1.1 over raw sockets: sends what it is told byte by byte, and reads answers strictly."""
import json
import socket
import threading

_held = threading.local()


class Answer:

    def __init__(self, status, reason, headers, body, version="HTTP/1.1"):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body
        self.version = version

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def code(self):
        body = self.json
        return body.get("code") if isinstance(body, dict) else None

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:600]!r}"


class Closed(Exception):
    pass


class Wire:
    """One connection. `read()` takes one answer; `rest()` reads to the end and says whether the peer closed."""

    def __init__(self, address, timeout=10):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an early refusal closes while we still send: the answer is what counts

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self, method="GET"):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, reason = (lines[0].split(" ", 2) + [""])[:3]
        headers = []
        for line in lines[1:]:
            key, _, value = line.partition(":")
            headers.append((key, value.strip()))
        answer = Answer(int(status), reason, headers, b"", version)
        if method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            return answer
        if answer.get("transfer-encoding"):
            while True:
                size = int(self.until(b"\r\n"), 16)
                answer.body += self.exactly(size)
                self.until(b"\r\n")
                if size == 0:
                    return answer
        length = answer.get("content-length")
        if length is None:
            raise AssertionError(f"an answer without a length: {answer}")
        answer.body = self.exactly(int(length))
        return answer

    def rest(self, timeout=2.0):
        """(was closed, what else came)"""
        self.socket.settimeout(timeout)
        try:
            while True:
                self.more()
        except Closed:
            return True, self.buffer
        except (TimeoutError, OSError):
            return False, self.buffer


def render(method, path, headers, body):
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    elif body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    names = {key.lower() for key, _ in headers}
    head = [f"{method} {path} HTTP/1.1"]
    if "host" not in names:
        head.append("Host: localhost")
    head += [f"{key}: {value}" for key, value in headers]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def request(address, method, path, headers=(), body=None, timeout=35):
    """One request on this thread's kept connection, which is made again when it was closed."""
    data = render(method, path, list(headers), body)
    held = _held.__dict__.setdefault("wires", {})
    for turn in (1, 2):
        wire = held.pop(address, None)
        fresh = wire is None
        wire = wire or Wire(address)
        wire.socket.settimeout(timeout)
        try:
            wire.send(data)
            answer = wire.read(method)
        except (Closed, OSError):
            wire.socket.close()
            if fresh or turn == 2:
                raise
            continue
        if (answer.get("connection") or "").lower() == "close":
            wire.socket.close()
        else:
            held[address] = wire
        return answer


def raw(address, data, method="GET", timeout=8):
    """Sends bytes on a connection of its own: (first answer or None, closed, what followed)."""
    with Wire(address, timeout) as wire:
        wire.send(data)
        try:
            answer = wire.read(method)
        except Closed:
            return None, True, wire.buffer
        except TimeoutError:
            return None, False, wire.buffer
        closed, rest = wire.rest(1.5)
        return answer, closed, rest
