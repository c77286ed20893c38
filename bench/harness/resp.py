"""A blocking Redis client of the few calls the benchmark makes, over a Unix socket."""

import socket


class Redis:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        return self.pipeline([words])[0]

    def pipeline(self, commands):
        """Sends all commands and returns their replies; raises on an error reply."""
        self.socket.sendall(b"".join(encode(words) for words in commands))
        return [self.reply() for _ in commands]

    def send_raw(self, data, replies):
        """Sends commands that were encoded before, and returns their replies."""
        self.socket.sendall(data)
        return [self.reply() for _ in range(replies)]

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self.file.read(length + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        raise RuntimeError(f"Redis: {line!r}")

    def info(self, name):
        """One number of INFO."""
        for line in self("INFO").decode().splitlines():
            if line.startswith(name + ":"):
                return float(line.split(":")[1])
        raise KeyError(name)

    def close(self):
        self.file.close()
        self.socket.close()


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)
