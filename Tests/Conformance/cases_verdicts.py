"""Every end of a mutation, waited for and polled: what the database refuses, retries, dead letters, redrives, losses."""
import threading
import time
import uuid

import wire

WAIT = ("Prefer", "wait=10")
TRIGGER = """
CREATE OR REPLACE FUNCTION contract_trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.title = 'refuse me' THEN RAISE EXCEPTION 'no' USING ERRCODE = '23514', CONSTRAINT = 'contract'; END IF;
  IF NEW.title = 'retry me' THEN RAISE EXCEPTION 'later'; END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER contract_trap BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION contract_trap();
"""


def run(judge, world):
    trap = world.deployment.psql(TRIGGER)
    judge.check("the trap is set", "ERROR" not in trap, trap)
    dead(judge, world)
    retried(judge, world)
    queued(judge, world)
    lost(judge, world)
    gone(judge)
    law(judge, world)
    # Later sections share this Redis, and fsck would be right to find the loss there.
    world.deployment.control("fsck", "--repair")


def poll(judge, name, user, seconds=20, wanted=lambda seen: seen["done"]):
    end = time.monotonic() + seconds
    while True:
        answer = judge.call("GET", f"/api/requests/{name}", user=user)
        if wanted(answer.json or {"done": True}) or time.monotonic() > end:
            return answer
        time.sleep(0.1)


def dead(judge, world):
    answer = judge.expect("dead letter, waited",
                          "POST",
                          "/api/dead/tasks",
                          500,
                          "operation-dead-lettered",
                          headers=[WAIT],
                          body={"title": "refuse me"},
                          user="dead",
                          has={
                              "Sync-Token": True,
                              "Preference-Applied": "wait=10"
                          })
    judge.check("the database's words are not told", b"23514" not in answer.body
                and b"contract" not in answer.body, answer)
    token = answer.get("Sync-Token")
    seen = judge.expect("dead letter, polled", "GET", f"/api/requests/{token}", 200, user="dead").json
    judge.check(
        "dead letter: state",
        seen.get("status") == "dead_lettered" and seen.get("done") is True and "result" not in seen
        and "next_attempt_at" not in seen, seen)
    key = uuid.uuid4().hex
    one = judge.call("POST",
                     "/api/dead/tasks", [WAIT, ("Idempotency-Key", key)],
                     body={"title": "refuse me"},
                     user="dead")
    two = judge.call("POST",
                     "/api/dead/tasks", [WAIT, ("Idempotency-Key", key)],
                     body={"title": "refuse me"},
                     user="dead")
    judge.check("a dead letter is replayed as one", (one.status, two.status) == (500, 500)
                and two.get("Idempotent-Replayed") == "true"
                and one.get("Sync-Token") == two.get("Sync-Token"), (one, two))
    answer = judge.call("POST", "/api/dead/tasks", [WAIT], body={"title": "fine"}, user="dead")
    judge.check("the user's next one is applied", answer.status == 201, answer)
    bulk = judge.call("POST",
                      "/api/dead/tasks/bulk", [WAIT],
                      body=[{
                          "op": "create",
                          "data": {
                              "title": t
                          }
                      } for t in ("x", "refuse me", "y")],
                      user="dead")
    judge.check(
        "one of a bulk is refused", bulk.status == 200
        and [i["status"] for i in bulk.json["items"]] == ["succeeded", "dead_lettered", "succeeded"]
        and bulk.json["items"][1]["error"]["code"] == "operation-dead-lettered", bulk)
    listed = world.deployment.control("dead", "list", "--json")
    judge.check("an operator sees it", token in listed.stdout, listed)
    for found in world.deployment.redis_cli("KEYS", "tl:*:result:*").split():
        world.deployment.redis_cli("HDEL", found, token)
    seen = judge.call("GET", f"/api/requests/{token}", user="dead").json
    judge.check("a dead letter from PostgreSQL",
                seen.get("status") == "dead_lettered" and seen.get("done") is True, seen)
    world.deployment.psql("ALTER TABLE tasks DISABLE TRIGGER contract_trap")
    done = world.deployment.control("dead", "redrive", token, "--yes")
    seen = poll(judge, token, "dead", wanted=lambda s: s["status"] == "succeeded").json
    judge.check("a redrive ends well under the same id",
                seen.get("status") == "succeeded" and seen["result"]["status"] == 201, (done, seen))
    world.deployment.psql("ALTER TABLE tasks ENABLE TRIGGER contract_trap")


def retried(judge, world):
    answer = judge.expect("retrying, waited: 202",
                          "POST",
                          "/api/retry/tasks",
                          202,
                          headers=[("Prefer", "wait=2")],
                          body={"title": "retry me"},
                          user="retry",
                          has={"Preference-Applied": "wait=2"})
    token = answer.json["id"]
    behind = judge.call("POST", "/api/retry/tasks", body={"title": "behind it"}, user="retry").json["id"]
    answer = poll(judge, token, "retry", wanted=lambda s: s["status"] == "retrying")
    seen = answer.json
    judge.check(
        "retrying",
        seen.get("status") == "retrying" and seen.get("done") is False and seen.get("attempts", 0) >= 1
        and seen.get("next_attempt_at") and isinstance(seen.get("poll_after_ms"), int)
        and answer.get("Retry-After") == "1" and "result" not in seen, answer)
    judge.check("retrying: expires_at as while queued", "expires_at" in seen, seen)
    begin = time.monotonic()
    judge.call("GET", f"/api/requests/{token}?wait=2", user="retry")
    judge.check("retrying is no end: a long poll goes on", time.monotonic() - begin > 1.5,
                time.monotonic() - begin)
    judge.check("behind it: not done",
                judge.call("GET", f"/api/requests/{behind}", user="retry").json["done"] is False)
    other = judge.call("POST", "/api/retry2/tasks", [WAIT], body={"title": "another's"}, user="retry2")
    judge.check("nobody else is held up", other.status == 201, other)
    answer = judge.call("GET",
                        "/api/retry/tasks", [("Sync-Token", behind), ("Prefer", "wait=1")],
                        user="retry")
    judge.check("not caught up", answer.status == 503 and answer.code == "not-caught-up"
                and answer.get("Retry-After") == "1", answer)
    world.deployment.psql("ALTER TABLE tasks DISABLE TRIGGER contract_trap")
    world.deployment.control("parked", "retry", "retry")
    seen = poll(judge, behind, "retry", 30).json
    first = judge.call("GET", f"/api/requests/{token}", user="retry").json
    judge.check("retried to its end, and what was behind it too",
                first.get("status") == seen.get("status") == "succeeded" and first.get("attempts", 0) >= 2,
                (first, seen))
    judge.check("in the order they came", [
        t["title"] for t in judge.call("GET", "/api/retry/tasks?sort=created_at", user="retry").json["tasks"]
    ] == ["retry me", "behind it"])


def queued(judge, world):
    """While the lanes are paused everything is queued: what is told then, and what ends a wait."""
    done = world.deployment.control("pause", "--all", "--why", "contract")
    judge.check("paused", done.returncode == 0, done)
    time.sleep(1.5)
    key = uuid.uuid4().hex
    begin = time.monotonic()
    answer = judge.expect("wait runs out: 202",
                          "POST",
                          "/api/queued/tasks",
                          202,
                          headers=[("Prefer", "wait=1"), ("Idempotency-Key", key)],
                          body={"title": "q"},
                          user="queued",
                          has={
                              "Retry-After": "1",
                              "Preference-Applied": "wait=1",
                              "Sync-Token": True
                          })
    judge.check("after the time", 0.9 < time.monotonic() - begin < 2.5, time.monotonic() - begin)
    token = answer.json["id"]
    answer = judge.expect("queued, polled",
                          "GET",
                          f"/api/requests/{token}",
                          200,
                          user="queued",
                          has={
                              "Retry-After": "1",
                              "Cache-Control": "no-store"
                          })
    judge.check(
        "queued: members",
        set(answer.json) == {"id", "status", "done", "submitted_at", "expires_at", "poll_after_ms"}
        and answer.json["status"] == "queued", answer)
    answer = judge.expect("replay of what is queued",
                          "POST",
                          "/api/queued/tasks",
                          202,
                          headers=[("Idempotency-Key", key)],
                          body={"title": "q"},
                          user="queued",
                          has={
                              "Idempotent-Replayed": "true",
                              "Sync-Token": token
                          })
    judge.check("replay of what is queued: body",
                answer.json.get("id") == token and answer.json.get("status") == "queued", answer)
    judge.expect("replay of what is queued, waited",
                 "POST",
                 "/api/queued/tasks",
                 202,
                 headers=[("Idempotency-Key", key), ("Prefer", "wait=1")],
                 body={"title": "q"},
                 user="queued",
                 has={"Idempotent-Replayed": "true"})
    for method, path, body in (("PUT", "", {
            "title": "z"
    }), ("PATCH", "", {
            "title": "z"
    }), ("DELETE", "", None), ("PATCH", "/complete", None)):
        judge.expect(f"{method}{path} of a task that is still queued",
                     method,
                     f"/api/queued/tasks/{answer.json.get('task_id') or uuid.uuid4()}{path}",
                     202,
                     body=body,
                     user="queued")
    begin = time.monotonic()
    answer = judge.expect("Sync-Token runs out",
                          "GET",
                          "/api/queued/tasks",
                          503,
                          "not-caught-up",
                          headers=[("Sync-Token", token), ("Prefer", "wait=1")],
                          user="queued",
                          has={"Retry-After": "1"})
    judge.check("Sync-Token: Prefer's time", time.monotonic() - begin < 2.5, time.monotonic() - begin)
    begin = time.monotonic()
    judge.expect("Sync-Token runs out by itself",
                 "GET",
                 f"/api/queued/tasks?sync_token={token}",
                 503,
                 "not-caught-up",
                 user="queued")
    judge.check("Sync-Token: 5 s", 4.5 < time.monotonic() - begin < 6.5, time.monotonic() - begin)
    answers = []

    def ask(path, headers):
        data = wire.render("GET", path, [judge.bearer("queued")] + headers, None)
        with wire.Wire(judge.address, 30) as connection:
            connection.send(data)
            answers.append((path[:22], connection.read(), time.monotonic()))

    threads = [
        threading.Thread(target=ask, args=how)
        for how in ((f"/api/requests/{token}?wait=20", []), (f"/api/requests/{token}", [("Prefer",
                                                                                         "wait=20")]),
                    (f"/api/requests?ids={token}&wait=20", []), (f"/api/queued/tasks?sync_token={token}",
                                                                 [("Prefer", "wait=20")]))
    ]
    for thread in threads:
        thread.start()
    waiter = wire.Wire(judge.address)
    waiter.send(
        wire.render("POST", "/api/queued/tasks",
                    [judge.bearer("queued"), ("Prefer", "wait=20"),
                     ("Content-Type", "application/json")], {"title": "the client goes away"}))
    time.sleep(0.5)
    waiter.socket.close()
    judge.check("all wait", not answers, answers)
    begin = time.monotonic()
    world.deployment.control("resume", "--all")
    for thread in threads:
        thread.join()
    judge.check("all are answered once it is done",
                all(a.status == 200 and t - begin < 6 for _, a, t in answers) and len(answers) == 4, answers)
    listed = judge.call("GET", "/api/queued/tasks?q=goes+away", user="queued")
    listed = listed if listed.json["tasks"] else judge.call(
        "GET", "/api/queued/tasks?q=goes%20away", user="queued")
    judge.check("who went away is served all the same", len(listed.json["tasks"]) == 1, listed)


def lost(judge, world):
    """Redis loses a push: the request is told to be unaccounted, not queued for ever."""
    world.deployment.control("pause", "--all", "--why", "contract")
    time.sleep(1.5)
    token = judge.call("POST", "/api/lost/tasks", body={"title": "l"}, user="lost").json["id"]
    for found in world.deployment.redis_cli("KEYS", "tl:*:queue").split():
        world.deployment.redis_cli("DEL", found)
    world.deployment.control("resume", "--all")
    answer = poll(judge, token, "lost", 15)
    judge.check(
        "unaccounted",
        answer.json.get("status") == "unaccounted" and answer.json.get("done") is True
        and answer.get("Retry-After") is None, answer)


def gone(judge):
    """Undoing, in order: a hundred pipelined mutations of one task end as if they had been sent one by one."""
    task = judge.call("POST", "/api/order/tasks", [WAIT], body={"title": "0"}, user="order").json["id"]
    bearer = judge.bearer("order")
    with wire.Wire(judge.address, 20) as connection:
        connection.send(b"".join(
            wire.render("PATCH", f"/api/order/tasks/{task}", [bearer, (
                "Content-Type", "application/json")], {"title": str(i)}) for i in range(1, 101)))
        tokens = [connection.read().get("Sync-Token") for _ in range(100)]
    answer = judge.call("GET", f"/api/order/tasks/{task}", [("Sync-Token", tokens[-1])], user="order")
    judge.check("a hundred in order", answer.status == 200 and answer.json["title"] == "100"
                and answer.json["version"] == 101, answer)
    judge.check("their ids are in order", tokens == sorted(tokens), "")
    seen = judge.call("GET", "/api/requests?ids=" + ",".join(tokens), user="order").json["requests"]
    judge.check("each has its version",
                [s["result"]["etag"] for s in seen] == [f'"v{i}"' for i in range(2, 102)],
                [s["result"].get("etag") for s in seen][:5])


def law(judge, world):
    sums = {}
    for found in world.deployment.redis_cli("KEYS", "tl:*:count").split():
        pairs = world.deployment.redis_cli("HGETALL", found).split()
        for field, value in zip(pairs[::2], pairs[1::2]):
            sums[field] = sums.get(field, 0) + int(value)
    left = sums.get("accepted", 0) - sums.get("succeeded", 0) - sums.get("failed", 0) - sums.get("dead", 0)
    judge.check("accepted = succeeded + failed + dead + the one that Redis lost", left == 1, sums)
