"""The request resource (API.md §5), alone and in lists, polled and waited for; and whose it is (BOLA)."""
import time
import uuid

import tokens
from judge import TIME

TASKS = "/api/u1/tasks"
WAIT = ("Prefer", "wait=10")


def run(judge, world):
    key = bytes.fromhex(world.deployment.redis_cli("HGET", "tl:meta", "id_key"))
    judge.check("the id key is known", len(key) == 32)
    done(judge)
    unknown(judge, key)
    many(judge, key)
    polls(judge)
    owners(judge)
    expired(judge, world, key)


def done(judge):
    made = judge.call("POST", TASKS, [WAIT], body={"title": "r"})
    token, task = made.get("Sync-Token"), made.json
    answer = judge.expect("a request that is done",
                          "GET",
                          f"/api/requests/{token}",
                          200,
                          lacks=["Retry-After"])
    seen = answer.json or {}
    judge.check(
        "done: members", {
            "id", "status", "done", "operation", "task_id", "task_href", "submitted_at", "finished_at",
            "attempts", "result"
        } <= set(seen) and "error" not in seen, seen)
    judge.check(
        "done: values",
        seen.get("status") == "succeeded" and seen.get("done") is True
        and seen.get("operation") == "task.create" and seen.get("attempts") == 1
        and seen.get("task_href") == f"{TASKS}/{task['id']}" and TIME.match(seen.get("finished_at", ""))
        and seen["result"] == {
            "status": 201,
            "etag": '"v1"',
            "task": task
        }, seen)
    judge.expect("in capitals", "GET", f"/api/requests/{token.upper()}", 200)
    judge.expect("HEAD of it", "HEAD", f"/api/requests/{token}", 200)
    gone = judge.call("DELETE", f"{TASKS}/{task['id']}", [WAIT]).get("Sync-Token")
    seen = judge.call("GET", f"/api/requests/{gone}").json
    judge.check("a delete's result", seen["result"] == {"status": 204} and seen["operation"] == "task.delete",
                seen)
    lost = judge.call("PUT", f"{TASKS}/{task['id']}", [WAIT], body={"title": "x"}).get("Sync-Token")
    answer = judge.expect("a failed request is 200", "GET", f"/api/requests/{lost}", 200)
    error = answer.json.get("error", {})
    judge.check(
        "failed: error",
        answer.json.get("status") == "failed" and "result" not in answer.json
        and error.get("type") == "/problems/task-not-found" and error.get("code") == "task-not-found"
        and error.get("status") == 404 and error.get("title"), answer)
    for method in ("POST", "PUT", "DELETE"):
        judge.expect(f"{method} of a request", method, f"/api/requests/{token}", 405)


def unknown(judge, key):
    now = int(time.time() * 1000)
    theirs = judge.call("POST", "/api/u2/tasks", [WAIT], body={"title": "r"}, user="u2").get("Sync-Token")
    never = str(uuid.uuid4())
    fixed = [("X-Request-Id", "same")]
    one, two = (judge.call("GET", f"/api/requests/{name}", fixed) for name in (theirs, never))
    judge.check("another's and an unknown one are the same bytes", one.body == two.body
                and one.status == two.status == 404 and one.code == "request-not-found", (one, two))
    judge.check("and the same headers",
                [h for h in one.headers if h[0] != "Date"] == [h for h in two.headers if h[0] != "Date"],
                (one, two))
    waits = []
    for name in (theirs, never):
        begin = time.monotonic()
        judge.call("GET", f"/api/requests/{name}?wait=5")
        waits.append(time.monotonic() - begin)
    judge.check("nobody waits for them", max(waits) < 1, waits)
    mine = tokens.request_id(key, "u1", now)
    for name, text in (("a bit less", mine[:-1] + ("0" if mine[-1] != "0" else "1")),
                       ("another's code", tokens.request_id(key, "u11",
                                                            now)), ("no code", mine[:-8] + "00000000")):
        judge.expect(f"a forged id: {name}", "GET", f"/api/requests/{text}", 404, "request-not-found")


def many(judge, key):
    names = [judge.call("POST", TASKS, body={"title": "m"}).json["id"] for _ in range(3)]
    theirs = judge.call("POST", "/api/u2/tasks", body={"title": "r"}, user="u2").json["id"]
    never = str(uuid.uuid4())
    order = [names[2], theirs, names[0], never, names[1]]
    answer = judge.expect("ids in order", "GET", "/api/requests?ids=" + ",".join(order) + "&wait=10", 200)
    judge.check(
        "ids: answer",
        set(answer.json) == {"requests", "not_found"}
        and [r["id"] for r in answer.json["requests"]] == [names[2], names[0], names[1]]
        and answer.json["not_found"] == [theirs, never] and all(r["done"]
                                                                for r in answer.json["requests"]), answer)
    judge.check("ids: no Retry-After when all are done", answer.get("Retry-After") is None, answer)
    for query in ("", "ids=", "ids=x", "ids=" + names[0] + ",", "ids=," + names[0],
                  "ids=" + names[0] + "&ids=" + names[1], "ids=" + names[0] + "&x=1",
                  "ids=" + names[0] + "%00", "ids=" + names[0] + "&wait=-1", "ids=" + names[0] + "&wait=",
                  "ids=" + names[0] + "&wait=1.5"):
        judge.expect(f"?{query[:30]}…{query[-8:]}", "GET", "/api/requests?" + query, 400, "invalid-parameter")
    answer = judge.call("GET", "/api/requests?ids=" + names[0] + "%2C" + names[1])
    judge.check("an encoded comma", answer.status in (200, 400), answer)
    judge.expect("ids without a token", "GET", "/api/requests?ids=" + names[0], 401, user=None)


def polls(judge):
    name = judge.call("POST", TASKS, body={"title": "p"}).json["id"]
    judge.expect("wait", "GET", f"/api/requests/{name}?wait=10", 200)
    for value, status in (("0", 200), ("25", 200), ("26", 200), ("999999999999999999999", 200), ("-1", 400),
                          ("+1", 400), ("%2B1", 400), ("1.5", 400), ("", 400), ("x", 400), ("1s", 400),
                          ("0x1", 400), ("%EF%BC%91", 400)):
        judge.expect(f"?wait={value}", "GET", f"/api/requests/{name}?wait={value}", status)
    judge.expect("?wait twice", "GET", f"/api/requests/{name}?wait=1&wait=1", 400, "invalid-parameter")
    judge.expect("Prefer of a poll", "GET", f"/api/requests/{name}", 200, headers=[("Prefer", "wait=5")])
    judge.expect("a bad Prefer of a poll",
                 "GET",
                 f"/api/requests/{name}",
                 200,
                 headers=[("Prefer", "wait=x")])


def owners(judge):
    """Each of two users tries what is the other's, by every route; nothing may tell or change it."""
    made = judge.call("POST", "/api/u2/tasks", [WAIT], body={"title": "secret"}, user="u2")
    task, token = made.json["id"], made.get("Sync-Token")
    for user in ("u1", "U2", "u2x", "u", "u22"):
        for method, path, body in (("GET", f"/api/u2/tasks/{task}", None), ("PUT", f"/api/u2/tasks/{task}", {
                "title": "x"
        }), ("PATCH", f"/api/u2/tasks/{task}", {
                "title": "x"
        }), ("PATCH", f"/api/u2/tasks/{task}/complete", None), ("DELETE", f"/api/u2/tasks/{task}", None),
                                   ("GET", "/api/u2/tasks", None), ("POST", "/api/u2/tasks", {
                                       "title": "x"
                                   }), ("POST", "/api/u2/tasks/bulk", [{
                                       "op": "delete",
                                       "id": task
                                   }]), ("GET", "/api/users/u2", None), ("HEAD", f"/api/u2/tasks/{task}",
                                                                         None)):
            answer = judge.call(method, path, body=body, user=user)
            judge.check(f"{user}: {method} {path[:20]} is 403", answer.status == 403
                        and b"secret" not in answer.body, answer)
        judge.expect(f"{user}: the request is 404", "GET", f"/api/requests/{token}", 404, user=user)
        judge.expect(f"{user}: the token is 400",
                     "GET",
                     f"/api/{user}/tasks",
                     400,
                     "invalid-sync-token",
                     headers=[("Sync-Token", token)],
                     user=user)
        for method, path, body, status in (("GET", f"/api/{user}/tasks/{task}", None, 404),
                                           ("PUT", f"/api/{user}/tasks/{task}", {
                                               "title": "x"
                                           }, 404), ("DELETE", f"/api/{user}/tasks/{task}", None, 404)):
            judge.expect(f"{user}: {method} under the own path",
                         method,
                         path,
                         status,
                         "task-not-found",
                         headers=[WAIT],
                         body=body,
                         user=user)
    judge.check("it is as it was", judge.call("GET", f"/api/u2/tasks/{task}", user="u2").json == made.json)


def expired(judge, world, key):
    old = tokens.request_id(key, "u1", int((time.time() - 8 * 86400) * 1000))
    answer = judge.expect("past the retention", "GET", f"/api/requests/{old}", 404, "request-not-found")
    judge.check("past the retention: expired", (answer.json or {}).get("expired") is True, answer)
    listed = judge.call("GET", f"/api/requests?ids={old}")
    judge.check("past the retention, in a list", listed.json == {"requests": [], "not_found": [old]}, listed)
    made = judge.call("POST", TASKS, [WAIT], body={"title": "gone from Redis"})
    token = made.get("Sync-Token")
    for found in world.deployment.redis_cli("KEYS", "tl:*:result:*").split():
        world.deployment.redis_cli("HDEL", found, token)
    stored = judge.expect("from PostgreSQL", "GET", f"/api/requests/{token}", 200).json
    judge.check(
        "from PostgreSQL: the verdict",
        stored.get("status") == "succeeded" and stored["result"]["status"] == 201
        and stored["result"].get("etag") == '"v1"' and stored.get("operation") == "task.create"
        and stored.get("task_id") == made.json["id"], stored)
    judge.call("PATCH", f"{TASKS}/{made.json['id']}", [WAIT], body={"title": "changed"})
    stored = judge.call("GET", f"/api/requests/{token}").json
    judge.check("from PostgreSQL: no body of a task that changed", "task" not in stored["result"]
                or stored["result"]["task"] == made.json, stored)
    never = tokens.request_id(key, "u1", int(time.time() * 1000) - 60000)
    answer = judge.expect("an id that no store knows", "GET", f"/api/requests/{never}", 200)
    judge.check("unaccounted",
                answer.json.get("status") == "unaccounted" and answer.json.get("done") is True, answer)
    begin = time.monotonic()
    judge.call("GET", f"/api/requests/{never}?wait=5")
    judge.check("unaccounted is done: nobody waits", time.monotonic() - begin < 2, time.monotonic() - begin)
