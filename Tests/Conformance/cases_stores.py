"""Stores that are there and refuse: logins, permissions, replicas, disks, loading; each is told, loses nothing, and ends
without a restart (API.md §9, OPERATE.md §1)."""
import json
import os
import shutil
import subprocess
import time

from deployment import BIN

BODY = {"title": "s"}


def run(judge, world):
    refusals(judge, world)
    loading(judge, world)
    missing_table(judge, world)
    logins(judge, world)
    strangers(judge, world)


def log_of(world, name):
    with open(world.deployment.path(name + ".log")) as file:
        return file.read()


def written(world, name, since):
    """The messages of a daemon's log since a place in it."""
    return log_of(world, name)[since:]


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def refusals(judge, world):
    """Each turns writes into 503 with nothing accepted, is named in the logs, and passes."""
    cli, gone = world.deployment.redis_cli, world.deployment.path("gone")

    def break_saving():
        os.mkdir(gone)
        judge.check("dir may be set", cli("CONFIG", "SET", "dir", gone) == "OK")
        cli("CONFIG", "SET", "save", "3600 1")
        shutil.rmtree(gone)
        cli("BGSAVE")
        until(lambda: "rdb_last_bgsave_status:err" in cli("INFO", "persistence"))

    def mend_saving():
        cli("CONFIG", "SET", "dir", world.deployment.directory)
        cli("CONFIG", "SET", "save", "")
        cli("BGSAVE")

    def lock_out():
        cli("CONFIG", "SET", "requirepass", "another")
        cli("-a", "another", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        cli("-a", "another", "CLIENT", "KILL", "TYPE", "pubsub")

    table = [
        ("a replica", "READONLY", lambda: cli("REPLICAOF", "127.0.0.1", "1"), lambda: cli("REPLICAOF", "NO", "ONE")),
        ("a full disk", "MISCONF", break_saving, mend_saving),
        ("a user without rights", "NOPERM", lambda: cli("ACL", "SETUSER", "default", "-@write", "-eval", "-evalsha"),
         lambda: cli("ACL", "SETUSER", "default", "+@all")),
        ("a password that is not ours", "NOAUTH", lock_out,
         lambda: cli("-a", "another", "CONFIG", "SET", "requirepass", "")),
        ("too few replicas", "NOREPLICAS", lambda: cli("CONFIG", "SET", "min-replicas-to-write", "1"),
         lambda: cli("CONFIG", "SET", "min-replicas-to-write", "0")),
    ]
    for name, word, begin, end in table:
        before = judge.call("POST", "/api/stores/tasks", [("Prefer", "wait=10")], body=BODY, user="stores")
        judge.check(f"{name}: well before", before.status == 201, before)
        ours, theirs = len(log_of(world, "ingest")), len(log_of(world, "worker"))
        begin()
        time.sleep(0.5)
        for label, headers, path, body in (("plain", [], "tasks", BODY), ("keyed", [("Idempotency-Key", "s-" + word)],
                                                                          "tasks", BODY),
                                           ("bulk", [], "tasks/bulk", [{"op": "create", "data": BODY}])):
            answer = judge.call("POST", f"/api/stores/{path}", headers, body=body, user="stores")
            judge.check(f"{name}: {label} is refused", answer.status == 503 and answer.code == "storage-unavailable"
                        and answer.json.get("accepted") is False, answer)
        judge.check(f"{name}: reads go on", judge.call("GET", "/api/stores/tasks", user="stores").status == 200)
        judge.check(f"{name}: ingest's log tells", until(lambda: word in written(world, "ingest", ours), 6),
                    written(world, "ingest", ours)[-600:])
        judge.check(f"{name}: the worker's log tells", until(lambda: word in written(world, "worker", theirs), 6),
                    written(world, "worker", theirs)[-600:])
        judge.check(f"{name}: no log floods", written(world, "ingest", ours).count(word) < 60,
                    written(world, "ingest", ours).count(word))
        done = world.deployment.control("doctor")
        judge.check(f"{name}: doctor finds it", done.returncode == 1 and word in done.stdout, done.stdout)
        end()
        answer, deadline = None, time.monotonic() + 15
        while time.monotonic() < deadline:
            answer = judge.call("POST", "/api/stores/tasks", [("Prefer", "wait=10"), ("Idempotency-Key", "s-" + word)],
                                body=BODY, user="stores")
            if answer.status == 201:
                break
            time.sleep(0.2)
        judge.check(f"{name}: passes without a restart", answer.status == 201 and
                    answer.get("Idempotent-Replayed") is None, answer)
    law(judge, world, "after the refusals")


def law(judge, world, when):
    done = world.deployment.control("fsck")
    judge.check(f"fsck {when}", done.returncode == 0, done.stdout[-800:])


def loading(judge, world):
    deployment = world.deployment
    token = judge.call("POST", "/api/load/tasks", [("Prefer", "wait=10")], body=BODY, user="load").get("Sync-Token")
    for start in range(0, 4000, 400):
        deployment.redis_cli("MSET", *[part for i in range(start, start + 400) for part in (f"pad:{i}", "x" * 50)])
    deployment.redis_cli("BGREWRITEAOF")
    until(lambda: "aof_rewrite_in_progress:0" in deployment.redis_cli("INFO", "persistence"))
    time.sleep(1.2)
    deployment.stop(deployment.redis)
    deployment.redis = deployment.spawn([
        "redis-server", "--port", "0", "--unixsocket", deployment.redis_socket, "--appendonly", "yes", "--save", "",
        "--dir", deployment.directory, "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"
    ], "redis")
    judge.check("Redis loads", until(lambda: "LOADING" in deployment.redis_cli("PING"), 5))
    answer = judge.call("POST", "/api/load/tasks", body=BODY, user="load")
    judge.check("loading: writes are refused", answer.status == 503 and answer.json.get("accepted") is False, answer)
    judge.check("loading: health", judge.call("GET", "/health", user=None).status == 503)
    answer = judge.call("GET", f"/api/requests/{token}", user="load")
    judge.check("loading: results come from PostgreSQL", answer.status == 200 and answer.json["done"], answer)
    until(lambda: deployment.redis_cli("PING") == "PONG", 30)
    judge.check("loaded: writes go on", until(lambda: judge.call(
        "POST", "/api/load/tasks", [("Prefer", "wait=10")], body=BODY, user="load").status == 201))
    deployment.redis_cli("EVAL", "for _, k in ipairs(redis.call('KEYS', 'pad:*')) do redis.call('DEL', k) end", "0")
    deployment.redis_cli("CONFIG", "SET", "key-load-delay", "0")


def missing_table(judge, world):
    """An error of the whole database (42P01): the batch waits at the head of its lane, and no attempt is counted."""
    world.deployment.psql("ALTER TABLE tasks RENAME TO tasks_elsewhere")
    answer = judge.call("POST", "/api/ro/tasks", body=BODY, user="ro")
    judge.check("a table is gone: accepted", answer.status == 202, answer)
    waited = judge.call("GET", f"/api/requests/{answer.json['id']}?wait=3", user="ro")
    judge.check("a table is gone: it waits", waited.json.get("status") == "queued", waited)
    judge.check("a table is gone: the log tells", "42P01" in log_of(world, "worker"))
    read = judge.call("GET", "/api/ro/tasks", user="ro")
    judge.check("a table is gone: reads are refused", read.status in (500, 503), read)
    world.deployment.psql("ALTER TABLE tasks_elsewhere RENAME TO tasks")
    for _ in range(2):
        waited = judge.call("GET", f"/api/requests/{answer.json['id']}?wait=25", user="ro")
    judge.check("a table is back: applied, no attempt was counted", waited.json.get("status") == "succeeded" and
                waited.json.get("attempts") == 1, waited)


def logins(judge, world):
    """A worker and an ingest with the wrong way in: they say so, wait where waiting may help, and tell no secret."""
    socket = world.deployment.redis_socket
    world.deployment.redis_cli("ACL", "SETUSER", "someone", "on", ">rightpassword", "~*", "&*", "+@all")
    address, _, process = world.deployment.ingest("login", REDIS_URL=f"unix://someone:wrongpassword@{socket}")
    answer = judge.call("POST", "/api/u1/tasks", body=BODY, address=address)
    judge.check("wrong Redis password: refused", answer.status == 503 and answer.json.get("accepted") is False, answer)
    judge.check("wrong Redis password: the log tells", until(lambda: "WRONGPASS" in log_of(world, "login"), 5),
                log_of(world, "login")[-500:])
    judge.check("wrong Redis password: no secret in the log", "wrongpassword" not in log_of(world, "login"))
    judge.check("wrong Redis password: not ready", judge.call("GET", "/health", user=None, address=address).status == 503)
    world.deployment.redis_cli("ACL", "SETUSER", "someone", ">wrongpassword")
    judge.check("the password is right now: it serves", until(
        lambda: judge.call("POST", "/api/u1/tasks", body=BODY, address=address).status == 202, 8))
    world.deployment.stop(process)
    process, _ = world.deployment.worker("late", REDIS_URL=f"unix://someone:nopassword@{socket}")
    judge.check("worker, wrong Redis password: the log tells", until(
        lambda: "WRONGPASS" in log_of(world, "late"), 5), log_of(world, "late")[-500:])
    world.deployment.redis_cli("ACL", "SETUSER", "someone", ">nopassword")
    judge.check("worker, the password is right now", until(lambda: '"ready"' in log_of(world, "late"), 15),
                log_of(world, "late")[-500:])
    judge.check("worker: no secret in the log", "nopassword" not in log_of(world, "late"))
    world.deployment.stop(process)
    world.deployment.redis_cli("ACL", "DELUSER", "someone")


def strangers(judge, world):
    """Addresses where nobody, or somebody else, answers: the programs and the command name the setting and a remedy."""
    url = world.deployment.environment["DATABASE_URL"]
    for name, settings, words in (
        ("no such database", {"DATABASE_URL": url.replace("/tasklane?", "/nothing?")}, ["nothing"]),
        ("no such role", {"DATABASE_URL": url.replace("user=postgres", "user=nobodyatall")}, ["nobodyatall"]),
        ("an empty database", {"DATABASE_URL": url.replace("/tasklane?", "/postgres?")}, ["tasklane migrate"]),
    ):
        for program in ("tasklane-ingest", "tasklane-worker"):
            code, said = world.deployment.fails(program, settings, seconds=6)
            if code is None:
                continue  # it waits, and says so: somebody may create what is missing
            judge.check(f"{program}, {name}", code == 1 and all(word in said for word in words), (code, said[-400:]))
        done = subprocess.run([BIN + "/tasklane", "status", "--json"], env=world.deployment.environment | settings,
                              capture_output=True, text=True, timeout=20)
        judge.check(f"status, {name}: still shows the queues", done.returncode == 0 and
                    json.loads(done.stdout).get("dead_letters", 1) is None, (done.stdout, done.stderr))
