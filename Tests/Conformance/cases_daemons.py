"""The daemons beside HTTP: logs (OPERATE.md §3), schema versions, replicas that are missing, readiness while draining."""
import json
import os
import signal
import time

import wire
from cases_stores import log_of, until

BODY = {"title": "d"}


def run(judge, world):
    logs(judge, world)
    journal(judge, world)
    draining(judge, world)
    replicas(judge, world)
    versions(judge, world)
    flushed(judge, world)


def lines(world, name):
    return [json.loads(line) for line in log_of(world, name).splitlines()]


def logs(judge, world):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    since = len(lines(world, "worker"))
    made = judge.call("POST", "/api/logs/tasks", [("Prefer", "wait=10"), ("traceparent", f"00-{trace}-00f067aa0ba902b7-01")],
                      body={"title": "a secret title", "description": "hidden"}, user="logs")
    path = f"/api/logs/tasks/{made.json['id']}"
    for method, where, body in (("PUT", path, {"title": "b"}), ("PATCH", path + "/complete", {"completed": True}),
                                ("DELETE", path, None), ("PUT", path, {"title": "gone"})):
        judge.call(method, where, [("Prefer", "wait=10")], body=body, user="logs")
    until(lambda: len(lines(world, "worker")) >= since + 5, 5)
    seen = lines(world, "worker")[since:]
    judge.check("a line for each mutation", [(one.get("op"), one.get("verdict")) for one in seen] ==
                [("create", 201), ("update", 200), ("complete", 200), ("delete", 204), ("update", 404)], seen)
    judge.check("its members", all(list(one)[:3] == ["ts", "level", "msg"] and one["level"] == "info" and
                                   one["user_id"] == "logs" and one["task_id"] == made.json["id"] and
                                   len(one["request_id"]) == 36 for one in seen), seen)
    judge.check("the trace of who had one", [one.get("trace_id") for one in seen] == [trace] + [None] * 4, seen)
    judge.check("no content of tasks in the log", "secret title" not in log_of(world, "worker") and
                "hidden" not in log_of(world, "worker"))
    since = len(lines(world, "ingest"))
    judge.call("GET", "/api/u1/tasks", [("Authorization", "Bearer abc.def.ghi")])
    judge.call("GET", "/api/u1/tasks", [judge.bearer("u1", claims={"exp": 1})])
    judge.call("GET", "/api/u1/tasks", [("Authorization", "Bearer " + judge.bearer("u1")[1][7:-4] + "AAAA")])
    seen = lines(world, "ingest")[since:]
    judge.check("authentication failures and their reasons", len(seen) == 3 and
                all(one["msg"] == "authentication failed" and one["reason"] for one in seen) and
                len({one["reason"] for one in seen}) == 3, seen)
    judge.check("no token in the log", "eyJ" not in log_of(world, "ingest") and "abc.def" not in log_of(world, "ingest"))


def journal(judge, world):
    """Under systemd each line begins with its priority (sd-daemon(3)); JOURNAL_STREAM names standard error."""
    name = world.deployment.path("journal.log")
    with open(name, "w"):
        pass
    facts = os.stat(name)
    address, _, process = world.deployment.ingest("journal", JOURNAL_STREAM=f"{facts.st_dev}:{facts.st_ino}")
    judge.call("GET", "/api/u1/tasks", user=None, address=address)
    world.deployment.stop(process)
    seen = log_of(world, "journal").splitlines()
    judge.check("journald priorities", seen and all(line.startswith("<6>{") for line in seen), seen[:3])
    address, _, process = world.deployment.ingest("plain", JOURNAL_STREAM="8:1234")
    world.deployment.stop(process)
    seen = log_of(world, "plain").splitlines()
    judge.check("no priorities where the journal is not", seen and all(line.startswith("{") for line in seen), seen[:3])


def draining(judge, world):
    address, admin, process = world.deployment.ingest("ready")
    # Some of them are on another loop than the operators' listener, which must outlast them all.
    slow = [wire.Wire(address, 20) for _ in range(6)]
    data = wire.render("POST", "/api/u1/tasks", [judge.bearer(), ("Content-Type", "application/json")], BODY)
    for one in slow:
        one.send(data[:-4])
    time.sleep(0.3)
    judge.check("ready", judge.call("GET", "/readyz", user=None, address=admin).status == 200)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    answer = judge.call("GET", "/readyz", user=None, address=admin)
    judge.check("draining: readyz is 503 at once", answer.status == 503 and answer.json["status"] == "draining", answer)
    judge.check("draining: it lives", judge.call("GET", "/livez", user=None, address=admin).status == 200)
    process.send_signal(signal.SIGTERM)
    slow[0].send(data[-4:])
    slow[0].read()
    time.sleep(0.7)
    for _ in range(2):
        answer = judge.call("GET", "/readyz", user=None, address=admin)
        judge.check("draining: readyz until the last is answered", answer.status == 503, answer)
    for one in slow[1:]:
        one.send(data[-4:])
        answer = one.read()
        judge.check("draining: what was under way is done, a second SIGTERM changes nothing", answer.status == 202, answer)
    judge.check("draining: ends", process.wait(30) == 0)
    world.deployment.processes.remove(process)


def replicas(judge, world):
    address, _, process = world.deployment.ingest("replicas", TASKLANE_WAIT_REPLICAS="1")
    for path, body in (("/api/wr/tasks", BODY), ("/api/wr/tasks/bulk", [{"op": "create", "data": BODY}])):
        answer = judge.call("POST", path, body=body, user="wr", address=address)
        judge.check(f"no replica has it: {path}", answer.status == 503 and answer.json.get("accepted") == "unknown", answer)
    world.deployment.stop(process)


def versions(judge, world):
    psql = world.deployment.psql
    version = psql("SELECT value FROM settings WHERE name = 'schema_version'")
    for other, word in ((int(version) + 1, "newer"), (1, "tasklane migrate")):
        psql(f"UPDATE settings SET value = '{other}' WHERE name = 'schema_version'")
        for program in ("tasklane-ingest", "tasklane-worker"):
            code, said = world.deployment.fails(program, {}, seconds=6)
            judge.check(f"{program} refuses schema {other}", code == 1 and word in said, (code, said[-400:]))
    psql(f"UPDATE settings SET value = '{version}' WHERE name = 'schema_version'")


def flushed(judge, world):
    made = judge.call("POST", "/api/flush/tasks", [("Prefer", "wait=10")], body=BODY, user="flush")
    world.deployment.redis_cli("FLUSHALL")
    answer = judge.call("GET", f"/api/requests/{made.get('Sync-Token')}", user="flush")
    judge.check("flushed: PostgreSQL has the result", answer.json.get("status") == "succeeded" and
                answer.json["result"]["status"] == 201, answer)
    again = judge.call("POST", "/api/flush/tasks", [("Prefer", "wait=20")], body=BODY, user="flush")
    judge.check("flushed: writes go on", again.status == 201, again)
    judge.check("flushed: a worker puts the settings back", until(
        lambda: len(world.deployment.redis_cli("HGET", "tl:meta", "id_key")) == 64, 6))
    done = world.deployment.control("fsck")
    judge.check("flushed: fsck is content", done.returncode == 0, done)
