"""What depends on how ingest was started: addresses, caps, secrets that change, faults at start; and floods."""
import os
import resource
import signal
import subprocess
import time
from datetime import datetime, timedelta

import wire
from deployment import BIN
from tokens import token

WAIT = ("Prefer", "wait=10")


def run(judge, world):
    times(judge)
    faults(judge, world)
    unix(judge, world)
    reload(judge, world)
    crowds(judge, world)
    descriptors(judge, world)
    for path in ("/api/auth/register", "/api/auth/login", "/api/auth/refresh", "/api/auth/logout"):
        judge.expect(f"accounts are off: {path}",
                     "POST",
                     path,
                     404,
                     "not-found",
                     body={"email": "a@b.c"},
                     user=None)


def times(judge):
    seen = judge.call("POST", "/api/times/tasks", body={"title": "t"}, user="times").json
    milliseconds = int(seen["id"].replace("-", "")[:12], 16)
    told = datetime.fromisoformat(seen["submitted_at"])
    judge.check("submitted_at is the id's time", round(told.timestamp() * 1000) == milliseconds, seen)
    judge.check("submitted_at is now", abs(time.time() * 1000 - milliseconds) < 5000, seen)
    judge.check("expires_at is seven days on",
                datetime.fromisoformat(seen["expires_at"]) - told == timedelta(days=7), seen)
    done = judge.call("GET", f"/api/requests/{seen['id']}?wait=10", user="times").json
    judge.check("submitted_at stays", done["submitted_at"] == seen["submitted_at"] <= done["finished_at"],
                done)
    task = done["result"]["task"]
    judge.check("created_at is the time of acceptance",
                abs(datetime.fromisoformat(task["created_at"]) - told) < timedelta(seconds=1), task)
    ids = [
        judge.call("POST", "/api/times/tasks", body={
            "title": "t"
        }, user="times").json["id"] for _ in range(300)
    ]
    judge.check("ids grow and are never given twice", ids == sorted(set(ids)), "")
    for trace in ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "x",
                  "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                  "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
        judge.expect(f"traceparent {trace[:8]}",
                     "POST",
                     "/api/times/tasks",
                     202,
                     headers=[("traceparent", trace), ("tracestate", "a=b")],
                     body={"title": "t"},
                     user="times")


def faults(judge, world):
    for name, settings, words in (("a short secret", {
            "BETTER_AUTH_SECRET": "short"
    }, ["BETTER_AUTH_SECRET"]), ("a placeholder", {
            "BETTER_AUTH_SECRET": "change-me-change-me-change-me-change-me"
    }, ["BETTER_AUTH_SECRET"]), ("no secret", {
            "BETTER_AUTH_SECRET": ""
    }, ["BETTER_AUTH_SECRET"]), ("a bad port", {
            "TASKLANE_LISTEN": "127.0.0.1:99999"
    }, ["TASKLANE_LISTEN"]), ("a bad number", {
            "TASKLANE_LANE_LIMIT": "+5"
    }, ["TASKLANE_LANE_LIMIT"]), ("a bad rate", {
            "TASKLANE_USER_RATE": "fast"
    }, ["TASKLANE_USER_RATE"]), ("two faults", {
            "TASKLANE_USER_RATE": "fast",
            "TASKLANE_LANES": "0"
    }, ["TASKLANE_USER_RATE", "TASKLANE_LANES"]), ("any origin", {
            "TASKLANE_CORS_ORIGINS": "*"
    }, ["TASKLANE_CORS_ORIGINS"]), ("another lane count", {
            "TASKLANE_LANES": "8"
    }, ["lane"]), ("a bad log level", {
            "TASKLANE_LOG": "loud"
    }, ["TASKLANE_LOG"])):
        environment = world.deployment.environment | {
            "TASKLANE_LISTEN": "127.0.0.1:0",
            "TASKLANE_ADMIN_LISTEN": "127.0.0.1:0"
        } | settings
        try:
            done = subprocess.run([BIN + "/tasklane-ingest"],
                                  env=environment,
                                  capture_output=True,
                                  text=True,
                                  timeout=10)
            judge.check(f"refuses to start: {name}", done.returncode != 0
                        and all(word in done.stderr for word in words), (done.returncode, done.stderr[-500:]))
            judge.check(f"refuses to start: {name}: tells no secret", "change-me-change" not in done.stderr,
                        done.stderr[-300:])
        except subprocess.TimeoutExpired:
            judge.check(f"refuses to start: {name}", False, "it runs")


def unix(judge, world):
    public, admin = world.deployment.path("public.sock"), world.deployment.path("admin.sock")
    environment = world.deployment.environment | {
        "TASKLANE_LISTEN": "unix:" + public,
        "TASKLANE_ADMIN_LISTEN": "unix:" + admin
    }
    process = world.deployment.spawn([BIN + "/tasklane-ingest"], "unix", env=environment)
    world.deployment.await_true(lambda: os.path.exists(public) and os.path.exists(admin), "the unix sockets")
    judge.expect("over a unix socket", "GET", "/health", 200, user=None, address=public)
    judge.expect("over a unix socket, a write",
                 "POST",
                 "/api/unix/tasks",
                 201,
                 headers=[WAIT],
                 body={"title": "u"},
                 user="unix",
                 address=public)
    answer, _, _ = wire.raw(admin, b"GET /ops/api/overview HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    judge.check("a local admin needs no token", answer and answer.status == 200, answer)
    judge.check("ends well", world.deployment.stop(process) == 0)


def reload(judge, world):
    folder = world.deployment.path("credentials")
    os.mkdir(folder)
    old, new = "kTq8-3vXn7mZrB1yWcE5uHs9oGd2fLjA", "pYw4-6bNh0tRkS8xVzQ2iJe7aMg3cFlD"
    place = os.path.join(folder, "BETTER_AUTH_SECRET")

    def write(text):
        with open(place, "w") as file:
            file.write(text + "\n")

    write(old)
    address, _, process = world.deployment.ingest("reload", CREDENTIALS_DIRECTORY=folder)

    def ask(secret):
        return judge.call("GET",
                          "/api/u1/tasks", [("Authorization", "Bearer " + token(secret=secret))],
                          address=address).status

    judge.check("the credential beats the variable", (ask(old), ask(new)) == (200, 401), "")
    write(new)
    process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 5
    while time.monotonic() < end and ask(new) != 200:
        time.sleep(0.05)
    judge.check("SIGHUP takes the new secret", (ask(old), ask(new)) == (401, 200), (ask(old), ask(new)))
    write("bad")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.7)
    judge.check("a bad secret changes nothing", (process.poll(), ask(new)) == (None, 200), "")
    world.deployment.stop(process)


def crowds(judge, world):
    """Many who announce much and send little: memory grows with what was received, and others are served."""

    def resident():
        with open(f"/proc/{world.ingest.pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    before, wires = resident(), []
    head = wire.render(
        "POST", "/api/u1/tasks/bulk",
        [judge.bearer(), ("Content-Type", "application/x-ndjson"), ("Content-Length", "1048576")], b"")
    for _ in range(400):
        connection = wire.Wire(world.address, 10)
        connection.send(head + b"{")
        wires.append(connection)
    time.sleep(0.5)
    grown = resident() - before
    judge.check("announced bytes cost no memory", grown < 40 << 20, f"{grown >> 20} MiB for 400 connections")
    begin = time.monotonic()
    judge.expect("others are served", "GET", "/health", 200, user=None)
    judge.check("at once", time.monotonic() - begin < 1, "")
    for connection in wires:
        connection.socket.close()
    judge.expect("after they are gone", "POST", "/api/u1/tasks", 201, headers=[WAIT], body={"title": "a"})
    address, _, process = world.deployment.ingest("cap", TASKLANE_MAX_CONNECTIONS="20")
    wires = []
    for _ in range(60):
        try:
            wires.append(wire.Wire(address, 5))
        except OSError:
            break
    served = 0
    for connection in wires:
        try:
            connection.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.socket.settimeout(1)
            served += connection.read().status == 200
        except (wire.Closed, OSError):
            pass
        connection.socket.close()
    judge.check("a cap on connections, and it goes on", process.poll() is None and served > 0, served)
    time.sleep(0.3)
    judge.expect("after the crowd", "GET", "/health", 200, user=None, address=address)
    world.deployment.stop(process)


def descriptors(judge, world):
    port_admin = world.deployment.ingest
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        address, _, process = port_admin("few")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    subprocess.run(["prlimit", "--pid", str(process.pid), "--nofile=64:64"], check=False)
    wires = []
    for _ in range(120):
        try:
            wires.append(wire.Wire(address, 2))
        except OSError:
            break
    time.sleep(0.5)
    for connection in wires:
        connection.socket.close()
    time.sleep(0.5)
    judge.check("no descriptors left: it lives", process.poll() is None, process.poll())
    judge.expect("no descriptors left: it serves again", "GET", "/health", 200, user=None, address=address)
    world.deployment.stop(process)
