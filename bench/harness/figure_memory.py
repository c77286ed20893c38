"""(f) Redis memory of a queued mutation and of a stored result, (g) memory of connections and of an idle ingest."""

import resource
import socket
import time

from .figure_drain import drain, lane_queue, wait_for_lanes
from .measure import Outcome, tell
from .stock import Backlog, stock
from .workload import USERS, body, token, user_name


def redis_memory(rig, plan):
    """(f): growth of Redis's used memory, dictionaries and expiry included, and MEMORY USAGE of one key."""
    rig.reset()
    count = 20_000 if plan.quick else 100_000
    backlog = Backlog(count, rig.lanes)
    stock(rig)
    client = rig.client()
    empty = client.info("used_memory")
    depths = backlog.stage_lanes(rig)
    queued = (client.info("used_memory") - empty) / count
    worker = rig.worker()
    wait_for_lanes(rig, rig.lanes)
    base = client.info("used_memory")
    drain(rig, worker, depths, lane_queue, rings=True)
    worker.stop()
    stored = (client.info("used_memory") - base) / count + queued
    payload = result_bytes(client, count)
    client.close()
    outcome = Outcome("f", "Redis memory", "bytes each")
    outcome.bars = [("a queued mutation", queued, f"payload {backlog.payload_bytes:.0f}"),
                    ("a stored result", stored, f"payload {payload:.0f}")]
    outcome.find("queued mutation", queued, "B", high=330)
    outcome.find("queued mutation, of its payload", queued / backlog.payload_bytes, "×", high=1.1)
    outcome.find("stored result, of its payload", stored / payload, "×", high=1.5)
    return outcome


def result_bytes(client, count):
    """Mean length of the results that are stored."""
    total = 0
    for key in client("KEYS", "tl:{*}:result*"):
        kind = client("TYPE", key)
        total += client("STRLEN", key) if kind == b"string" else sum(len(v) for v in client("HVALS", key))
    return total / count


def open_connections(port, count):
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]


def settled_rss(process):
    """Resident memory once it stands still."""
    last = -1
    for _ in range(50):
        now = process.resident_bytes()
        if now == last:
            return now
        last = now
        time.sleep(0.2)
    return last


def connection_memory(rig, plan):
    """(g): resident memory of ingest idle, with idle keep-alive connections, and with held long polls."""
    rig.reset()
    count = 2_000 if plan.quick else 8_000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - 500)
    rig.pin(redis="1", postgres="1")
    process, port = rig.ingest(cores="0")
    time.sleep(1)
    idle = settled_rss(process)
    tell(f"  {count} idle connections …")
    sockets = open_connections(port, count)
    name = user_name(0)
    get = f"GET /health HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token(name)}\r\n\r\n".encode()
    for each in sockets:
        each.sendall(get)
        each.recv(65536)
    with_idle = settled_rss(process)
    for number, each in enumerate(sockets):
        user, text = user_name(number % USERS), body(number)
        each.sendall((f"POST /api/{user}/tasks HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token(user)}\r\n"
                      f"Content-Type: application/json\r\nPrefer: wait=25\r\nContent-Length: {len(text)}\r\n\r\n"
                      f"{text}").encode())
    time.sleep(2)
    with_polls = settled_rss(process)
    for each in sockets:
        each.close()
    process.stop()
    outcome = Outcome("g", "Memory of ingest", "bytes each")
    per_idle, per_poll = (with_idle - idle) / count, (with_polls - idle) / count
    outcome.bars = [("an idle keep-alive connection", per_idle, ""), ("a held long poll", per_poll, "")]
    outcome.find("idle keep-alive connection, after a request", per_idle, "B", high=4096)
    outcome.find("held long poll (POST with Prefer: wait)", per_poll, "B", high=6144)
    outcome.find("idle ingest", idle / 1e6, "MB", high=20)
    return outcome
