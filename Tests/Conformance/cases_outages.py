"""Backpressure (API.md §9), settings of their own, stores that are away, and the drain at SIGTERM (§10)."""
import signal
import threading
import time

import wire

BODY = {"title": "o"}


def run(judge, world):
    rate(judge, world)
    full(judge, world)
    default_wait(judge, world)
    postgres_down(judge, world)
    redis_full(judge, world)
    redis_down(judge, world)
    drain(judge, world)


def rate(judge, world):
    address, _, process = world.deployment.ingest("rate", TASKLANE_USER_RATE="5/s:10")

    def call(method="POST", path="/api/fast/tasks", body=BODY, **how):
        return judge.call(method, path, body=body, user="fast", address=address, **how)

    answers = [call() for _ in range(14)]
    limited = [a for a in answers if a.status == 429]
    judge.check("the burst is taken, the rest not", [a.status for a in answers[:10]] == [202] * 10
                and limited, [a.status for a in answers])
    judge.check(
        "429: what it says", limited and limited[0].code == "rate-limited" and limited[0].get("RateLimit")
        and limited[0].get("RateLimit-Policy"), limited[:1])
    judge.check("reads go on", call("GET", body=None).status == 200)
    judge.check("others go on",
                judge.call("POST", "/api/calm/tasks", body=BODY, user="calm", address=address).status == 202)
    judge.check("403 before 429", call(path="/api/other/tasks").status == 403)
    time.sleep(2.2)
    twelve = [{"op": "create", "data": {"title": "b"}}] * 9
    judge.check("each line of a bulk counts", call(path="/api/fast/tasks/bulk", body=twelve).status == 202)
    answer = call(path="/api/fast/tasks/bulk", body=twelve)
    judge.check("a bulk past the rate", answer.status == 429 and answer.get("RateLimit"), answer)
    time.sleep(2.2)
    for _ in range(12):
        answer = call(headers=[("Content-Type", "text/plain")])
    judge.check("429 before 415", answer.status == 429, answer)
    world.deployment.stop(process)


def full(judge, world):
    address, _, process = world.deployment.ingest("full", TASKLANE_LANE_LIMIT="5")
    world.deployment.control("pause", "--all", "--why", "contract")
    time.sleep(1.5)
    answers = [
        judge.call("POST", "/api/full/tasks", body=BODY, user="full", address=address) for _ in range(8)
    ]
    judge.check("a full lane", [a.status for a in answers] == [202] * 5 + [503] * 3,
                [a.status for a in answers])
    judge.check("a full lane: overloaded", answers[-1].code == "overloaded", answers[-1])
    answer = judge.call("POST",
                        "/api/full/tasks/bulk",
                        body=[{
                            "op": "create",
                            "data": BODY
                        }],
                        user="full",
                        address=address)
    judge.check("a bulk into a full lane", answer.status == 503 and answer.code == "overloaded", answer)
    judge.check("403 before 503",
                judge.call("POST", "/api/other/tasks", body=BODY, user="full", address=address).status == 403)
    answer = judge.call("POST",
                        "/api/full/tasks", [("Content-Type", "text/plain")],
                        body=BODY,
                        user="full",
                        address=address)
    judge.check("503 before 415", answer.status == 503, answer)
    judge.check("a read of a full lane",
                judge.call("GET", "/api/full/tasks", user="full", address=address).status == 200)
    world.deployment.control("resume", "--all")
    judge.call("GET", f"/api/full/tasks?sync_token={answers[4].json['id']}", user="full", address=address)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        answer = judge.call("POST", "/api/full/tasks", body=BODY, user="full", address=address)
        if answer.status == 202:
            break
        time.sleep(0.2)
    judge.check("it is taken again", answer.status == 202, answer)
    judge.check(
        "a bulk larger than the lane",
        judge.call("POST",
                   "/api/full/tasks/bulk",
                   body=[{
                       "op": "create",
                       "data": BODY
                   }] * 6,
                   user="full",
                   address=address).status == 503)
    world.deployment.stop(process)


def default_wait(judge, world):
    address, _, process = world.deployment.ingest("sync", TASKLANE_DEFAULT_WAIT_MS="5000")
    answer = judge.call("POST", "/api/old/tasks", body=BODY, user="old", address=address)
    judge.check("waits by default", answer.status == 201 and answer.get("ETag"), answer)
    path = answer.get("Location")
    judge.check("PUT waits by default",
                judge.call("PUT", path, body={
                    "title": "x"
                }, user="old", address=address).status == 200)
    judge.check("DELETE waits by default",
                judge.call("DELETE", path, user="old", address=address).status == 204)
    judge.check("404 by default", judge.call("DELETE", path, user="old", address=address).status == 404)
    for prefer in ("wait=0", "respond-async"):
        answer = judge.call("POST",
                            "/api/old/tasks", [("Prefer", prefer)],
                            body=BODY,
                            user="old",
                            address=address)
        judge.check(f"not with Prefer: {prefer}", answer.status == 202, answer)
    answer = judge.call("GET", "/api/old/tasks", [("Origin", world.cors)], user="old", address=address)
    judge.check("CORS is off by default",
                not any("access-control" in key.lower() for key, _ in answer.headers), answer)
    world.deployment.stop(process)


def health(judge, status):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        answer = judge.call("GET", "/health", user=None)
        if answer.status == status:
            break
        time.sleep(0.2)
    judge.check(f"health says {status}", answer.status == status and isinstance(
        (answer.json or {}).get("status"), str), answer)


def postgres_down(judge, world):
    before = judge.call("POST", "/api/pg/tasks", [("Prefer", "wait=10")], body=BODY, user="pg")
    world.deployment.stop(world.deployment.postgres, signal.SIGINT)
    for _ in range(3):
        answer = judge.expect("PostgreSQL down: accepted", "POST", "/api/pg/tasks", 202, body=BODY, user="pg")
    token = answer.json["id"]
    for path in ("/api/pg/tasks", before.get("Location"), "/api/users/pg"):
        answer = judge.expect(f"PostgreSQL down: GET {path[:16]}",
                              "GET",
                              path,
                              503,
                              "storage-unavailable",
                              user="pg")
        judge.check("a read's 503 has nothing accepted", "accepted" not in (answer.json or {})
                    or answer.json["accepted"] is False, answer)
    judge.expect("PostgreSQL down: a result in Redis",
                 "GET",
                 f"/api/requests/{before.get('Sync-Token')}",
                 200,
                 user="pg")
    answer = judge.expect("PostgreSQL down: a queued request",
                          "GET",
                          f"/api/requests/{token}",
                          200,
                          user="pg")
    judge.check("it is queued", (answer.json or {}).get("status") == "queued", answer)
    judge.expect("PostgreSQL down: a wait runs out",
                 "POST",
                 "/api/pg/tasks",
                 202,
                 headers=[("Prefer", "wait=1")],
                 body=BODY,
                 user="pg")
    answer = judge.call("GET", "/health", user=None)
    judge.check("PostgreSQL down: health is not well", answer.json != {"status": "ok"}, answer)
    world.deployment.start_postgres()
    health(judge, 200)
    answer = judge.call("GET", f"/api/requests/{token}?wait=25", user="pg")
    answer = answer if answer.json["done"] else judge.call("GET", f"/api/requests/{token}?wait=25", user="pg")
    judge.check("PostgreSQL back: it is done, after one attempt",
                answer.json.get("status") == "succeeded" and answer.json.get("attempts") == 1, answer)
    end = time.monotonic() + 3
    while time.monotonic() < end and judge.call("GET", "/api/pg/tasks", user="pg").status != 200:
        time.sleep(0.05)
    for _ in range(10):
        judge.expect("PostgreSQL back: reads", "GET", "/api/pg/tasks", 200, user="pg")


def redis_full(judge, world):
    world.deployment.redis_cli("CONFIG", "SET", "maxmemory", "1")
    answer = judge.expect("Redis full",
                          "POST",
                          "/api/full2/tasks",
                          503,
                          "storage-unavailable",
                          body=BODY,
                          user="full2")
    judge.check("Redis full: not accepted", (answer.json or {}).get("accepted") is False, answer)
    answer = judge.expect("Redis full, with a key",
                          "POST",
                          "/api/full2/tasks",
                          503,
                          headers=[("Idempotency-Key", "k1")],
                          body=BODY,
                          user="full2")
    judge.check("Redis full, with a key: not accepted", (answer.json or {}).get("accepted") is False, answer)
    answer = judge.expect("Redis full, bulk",
                          "POST",
                          "/api/full2/tasks/bulk",
                          503,
                          body=[{
                              "op": "create",
                              "data": BODY
                          }] * 3,
                          user="full2")
    judge.expect("Redis full: reads go on", "GET", "/api/full2/tasks", 200, user="full2")
    world.deployment.redis_cli("CONFIG", "SET", "maxmemory", "0")
    judge.expect("Redis not full: the same key again",
                 "POST",
                 "/api/full2/tasks",
                 202,
                 headers=[("Idempotency-Key", "k1")],
                 body=BODY,
                 user="full2",
                 lacks=["Idempotent-Replayed"])


def redis_down(judge, world):
    token = judge.call("POST", "/api/rd/tasks", [("Prefer", "wait=10")], body=BODY,
                       user="rd").get("Sync-Token")
    world.deployment.redis.send_signal(signal.SIGSTOP)
    answers = []

    def write():
        data = wire.render("POST", "/api/rd/tasks",
                           [judge.bearer("rd"), ("Content-Type", "application/json")], BODY)
        with wire.Wire(judge.address, 30) as connection:
            connection.send(data)
            answers.append(connection.read())

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(0.5)
    world.deployment.stop(world.deployment.redis, signal.SIGKILL)
    thread.join()
    judge.check(
        "Redis dies before its reply: unknown", answers[0].status == 503
        and answers[0].json.get("accepted") == "unknown" and answers[0].code == "storage-unavailable",
        answers)
    for body, path in ((BODY, "/api/rd/tasks"), ([{"op": "create", "data": BODY}], "/api/rd/tasks/bulk")):
        for headers in ([], [("Idempotency-Key", "k2")], [("Prefer", "wait=5")]):
            answer = judge.expect(f"Redis down: {path} {headers}",
                                  "POST",
                                  path,
                                  503,
                                  "storage-unavailable",
                                  headers=headers,
                                  body=body,
                                  user="rd")
            judge.check("Redis down: not accepted", (answer.json or {}).get("accepted") is False, answer)
    judge.expect("Redis down: 400 is 400 still", "POST", "/api/rd/tasks", 400, body={"title": ""}, user="rd")
    judge.expect("Redis down: reads go on", "GET", "/api/rd/tasks", 200, user="rd")
    judge.expect("Redis down: the profile", "GET", "/api/users/rd", 200, user="rd")
    answer = judge.expect("Redis down: a request that is done",
                          "GET",
                          f"/api/requests/{token}",
                          200,
                          user="rd")
    judge.check("Redis down: its verdict", (answer.json or {}).get("status") == "succeeded", answer)
    answer = judge.call("GET", "/api/rd/tasks", [("Sync-Token", token)], user="rd")
    judge.check("Redis down: a token that is done", answer.status in (200, 503), answer)
    health(judge, 503)
    world.deployment.start_redis()
    health(judge, 200)
    answer = judge.call("POST", "/api/rd/tasks", [("Prefer", "wait=25")], body=BODY, user="rd")
    judge.check("Redis back: writes", answer.status == 201, answer)


def drain(judge, world):
    address, _, process = world.deployment.ingest("drain")
    world.deployment.control("pause", "--all", "--why", "contract")
    time.sleep(1.5)
    token = judge.call("POST", "/api/drain/tasks", body=BODY, user="drain", address=address).json["id"]
    kept, poll, post = (wire.Wire(address, 20) for _ in range(3))
    kept.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    kept.read()
    poll.send(wire.render("GET", f"/api/requests/{token}?wait=20", [judge.bearer("drain")], None))
    post.send(
        wire.render("POST", "/api/drain/tasks",
                    [judge.bearer("drain"), ("Prefer", "wait=20"),
                     ("Content-Type", "application/json")], BODY))
    slow = wire.Wire(address, 20)
    data = wire.render("POST", "/api/drain/tasks",
                       [judge.bearer("drain"), ("Content-Type", "application/json")], BODY)
    slow.send(data[:-4])
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    for name, connection, status in (("a long poll", poll, 200), ("a waited mutation", post, 202)):
        answer = connection.read()
        judge.check(
            f"drain: {name} is answered at once", answer.status == status and time.monotonic() - began < 3
            and (answer.get("Connection") or "").lower() == "close", (answer, time.monotonic() - began))
    slow.send(data[-4:])
    try:
        answer = slow.read()
    except wire.Closed as closed:
        answer = closed
    judge.check("drain: a request under way is served",
                getattr(answer, "status", 0) == 202 and (answer.get("Connection") or "").lower() == "close",
                answer)
    try:
        wire.Wire(address, 2).socket.close()
        refused = process.poll() is not None
    except OSError:
        refused = True
    judge.check("drain: no new connections", refused)
    code = process.wait(35)
    judge.check("drain: ends well", code == 0 and time.monotonic() - began < 30,
                (code, time.monotonic() - began))
    world.deployment.processes.remove(process)
    world.deployment.control("resume", "--all")
    answer = judge.call("GET", f"/api/requests/{token}?wait=20", user="drain")
    judge.check("drain: nothing is lost", answer.json.get("status") == "succeeded", answer)
