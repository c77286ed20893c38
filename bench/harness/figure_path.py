"""(c) the whole path: accept, apply and one poll of each, (d) how long it takes from accept to result."""

import os
import re
import socket
import time
from statistics import median

from .load import CYCLE_SCRIPT, post_script, wrk, write
from .measure import Meter, Outcome, Sample, interleave, tell
from .stock import stock
from .workload import body, token, user_name


def cycle_script(rig, delay_ms=None):
    post_script(rig)
    delay = f"function delay() return {delay_ms} end" if delay_ms else ""
    text = CYCLE_SCRIPT % {"tokens": rig.folder / "tokens.txt", "delay": delay}
    return write(rig, "cycle.lua" if delay_ms is None else "cycle-paced.lua",
                 text + "\nfunction done(summary, latency, requests) report() end\n")


# A connection waits for its verdict, so that a rate needs this many: at 30,000/s each has 68 ms for its two requests.
CONNECTIONS = 2048


class Path:
    """Ingest with two loops and one worker, all on the machine with the load."""

    def __init__(self, rig, threads=2):
        rig.reset()
        stock(rig)
        self.rig = rig
        self.ingest, self.port = rig.ingest(threads=threads)
        self.worker = rig.worker()
        time.sleep(3)

    def depth(self):
        client = self.rig.client()
        left = sum(client.pipeline([("LLEN", f"tl:{{{lane:03d}}}:queue") for lane in range(self.rig.lanes)]))
        client.close()
        return left

    def meter(self):
        return Meter(ingest=self.ingest, worker=self.worker, redis=self.rig.redis, postgres=self.rig.postgres)

    def stop(self):
        self.worker.stop()
        self.ingest.stop()


def cycles(path, script, seconds, connections):
    """One run of post-and-poll cycles."""
    meter = path.meter()
    run = wrk(script, path.port, "0-3", seconds, connections=connections, threads=2)
    posted, done, failed = map(int, re.search(r"cycle posted=(\d+) done=(\d+) failed=(\d+)", run.text).groups())
    return Sample(done / seconds, meter.microseconds(done), run.p50_ms, run.p99_ms, failed + run.errors)


def whole_path(rig, plan):
    """(c): each connection posts, then asks once for the result (a long poll that holds until it is there)."""
    path = Path(rig)
    script, seconds = cycle_script(rig), 10 if plan.quick else 60
    cycles(path, script, 2, CONNECTIONS)
    tell(f"  {seconds} s of posts and polls …")
    sample = cycles(path, script, seconds, CONNECTIONS)
    left = path.depth()
    path.stop()
    outcome = Outcome("c", f"Accept, apply and one poll of each, {seconds} s, {CONNECTIONS} connections", "mutations/s")
    outcome.bars = [("Tasklane", sample.rate, ", ".join(f"{role} {cpu:.1f}" for role, cpu in sample.cpu.items())
                     + " µs CPU")]
    outcome.find("rate", sample.rate, "/s", low=30_000)
    outcome.find("CPU of the whole path a mutation", sample.cpu_us, "µs", high=80)
    outcome.find("queued at the end", left, "", high=CONNECTIONS)
    outcome.find("errors", sample.errors, "", high=0)
    return outcome


class Client:
    """One keep-alive connection that measures one request at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.tokens = {number: token(user_name(number)) for number in range(200)}

    def ask(self, method, path, user, headers="", text=""):
        self.socket.sendall(
            (f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.tokens[user]}\r\n{headers}"
             + (f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}" if text else "\r\n")
             ).encode())
        status = int(self.file.readline().split()[1])
        length = 0
        while (line := self.file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        return status, self.file.read(length)

    def by_wait(self, number):
        """Milliseconds from sending a POST to its verdict."""
        user, begin = number % 200, time.perf_counter()
        status, _ = self.ask("POST", f"/api/{user_name(user)}/tasks", user, "Prefer: wait=10\r\n", body(number))
        return (time.perf_counter() - begin) * 1000, status == 201

    def by_poll(self, number):
        """Milliseconds from the 202 to the first poll that says done, asking again at once."""
        user = number % 200
        status, answer = self.ask("POST", f"/api/{user_name(user)}/tasks", user, "", body(number))
        begin, path = time.perf_counter(), "/api/requests/" + answer[7:43].decode()
        while b'"done":true' not in self.ask("GET", path, user)[1]:
            if time.perf_counter() - begin > 10:
                return 10_000.0, False
        return (time.perf_counter() - begin) * 1000, status == 202


def latencies(measure, seconds, rate=50):
    """p50, p99 and failures of one measurement every 1/rate s."""
    taken, failed, begin = [], 0, time.perf_counter()
    for number in range(seconds * rate):
        time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
        milliseconds, good = measure(number)
        taken.append(milliseconds)
        failed += not good
    taken.sort()
    return Sample(p50_ms=median(taken), p99_ms=taken[int(len(taken) * 0.99)], errors=failed, rate=rate)


def accept_to_result(rig, plan):
    """(d): 50 a second on an idle system, and beside a paced load of half of what (c) reaches."""
    path = Path(rig)
    client = Client(path.port)
    latencies(client.by_wait, 2)
    idle = interleave({"wait": lambda: latencies(client.by_wait, plan.seconds),
                       "poll": lambda: latencies(client.by_poll, plan.seconds)}, plan.rounds)
    full = cycles(path, cycle_script(rig), 4 if plan.quick else 8, 512)
    half = full.rate / 2
    paced = cycle_script(rig, delay_ms=int(512 * 1000 / (half * 2)))
    tell("  beside half load …")
    # What full load has written is on its way to the disk still, and would be waited for.
    os.sync()
    busy = interleave({"half load": lambda: beside_load(path, paced, plan.seconds + 4,
                                                        lambda: latencies(client.by_wait, plan.seconds, 100))},
                      plan.rounds)["half load"]
    path.stop()
    outcome = Outcome("d", "From accept to result", "ms")
    outcome.bars = [(f"{name} {which}", value, "") for name, s in
                    (("wait, 50/s,", idle["wait"]), ("poll, 50/s,", idle["poll"]),
                     (f"wait, beside {half:,.0f}/s,", busy)) for which, value in (("p50", s.p50_ms), ("p99", s.p99_ms))]
    for name in ("wait", "poll"):
        outcome.find(f"{name} p50 at 50/s", idle[name].p50_ms, "ms", high=1.5)
        outcome.find(f"{name} p99 at 50/s", idle[name].p99_ms, "ms", high=4)
    outcome.find("wait p99 at half load", busy.p99_ms, "ms", high=15)
    outcome.find("errors", idle["wait"].errors + idle["poll"].errors + busy.errors, "", high=0)
    outcome.notes.append("The measuring client is Python and adds about 0.1 ms to each.")
    return outcome


def beside_load(path, script, seconds, measure):
    """Measures while wrk runs in the background."""
    import threading
    load = threading.Thread(target=lambda: wrk(script, path.port, "0-3", seconds, connections=512, threads=1))
    load.start()
    time.sleep(2)
    sample = measure()
    load.join()
    return sample
