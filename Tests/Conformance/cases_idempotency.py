"""Idempotency keys (API.md §4): their forms, replays of every kind, reuse, and many equal requests at once."""
import threading
import uuid

import wire

TASKS = "/api/u1/tasks"
WAIT = ("Prefer", "wait=10")
UNKNOWN = "01900000-0000-7000-8000-00000000ffff"


def run(judge, _):
    idempotency(judge)
    concurrent(judge)


KEYS = [("k", True), ("a" * 255, True), ("!#$%&'()*+-./:<=>?@[]^_`{|}~", True), ('"a b"', False),
        ('"quoted"', True), ('"a\\"b"', True), ('"a\\\\b"', True), ("", False), ('""', False),
        ("a" * 256, False), ('"' + "a" * 255 + '"', True), ('"' + "a" * 256 + '"', False), ("a b", False),
        ("é", False), ('"a', False), ('a"', None), ('"a\\c"', False), ('"a";x=1', None), ("a,b", None)]


def idempotency(judge):
    for serial, (text, good) in enumerate(KEYS):
        answer = judge.call("POST",
                            "/api/keys/tasks", [("Idempotency-Key", text)],
                            body={"title": "k"},
                            user="keys")
        if good is None:
            judge.check(f"key {text[:20]!r}", answer.status in (202, 400), answer)
        else:
            judge.check(
                f"key {text[:20]!r}", answer.status in (200, 202) if good else
                (answer.status == 400 and answer.code == "invalid-idempotency-key"), answer)
    for method, path, body in (("DELETE", f"{TASKS}/{UNKNOWN}", None), ("PUT", f"{TASKS}/{UNKNOWN}", {
            "title": "a"
    })):
        judge.expect(f"bad key of {method}",
                     method,
                     path,
                     400,
                     "invalid-idempotency-key",
                     headers=[("Idempotency-Key", "a b")],
                     body=body)
    key = uuid.uuid4().hex
    first = judge.call("POST",
                       TASKS, [("Idempotency-Key", key), WAIT],
                       body={
                           "title": "one",
                           "priority": "low"
                       })
    name = first.json["id"]
    for label, headers, body, status in (("the same", [("Idempotency-Key", key)], {
            "title": "one",
            "priority": "low"
    }, 200), ("quoted", [("Idempotency-Key", f'"{key}"')], {
            "title": "one",
            "priority": "low"
    }, 200), ("members in another order", [
        ("Idempotency-Key", key)
    ], '{ "priority" : "low", "title":"\\u006fne"}', 200), ("waited", [("Idempotency-Key", key), WAIT], {
            "title": "one",
            "priority": "low"
    }, 201)):
        answer = judge.expect(f"replay of what is done, {label}",
                              "POST",
                              TASKS,
                              status,
                              headers=headers,
                              body=body,
                              has={
                                  "Idempotent-Replayed": "true",
                                  "Sync-Token": first.get("Sync-Token")
                              })
        seen = answer.json or {}
        judge.check(
            f"replay, {label}: body",
            seen.get("id") == name if status == 201 else
            (seen.get("id") == first.get("Sync-Token") and seen.get("status") == "succeeded"
             and seen.get("done") is True and seen["result"]["status"] == 201
             and seen["result"]["task"]["id"] == name), seen)
        if status == 201:
            judge.check("replay waited: headers",
                        answer.get("ETag") == '"v1"' and answer.get("Location") == f"{TASKS}/{name}", answer)
    for label, method, path, headers, body in (("body", "POST", TASKS, [], {
            "title": "two"
    }), ("more body", "POST", TASKS, [], {
            "title": "one",
            "priority": "low",
            "completed": False
    }), ("path", "PUT", f"{TASKS}/{name}", [], {
            "title": "one",
            "priority": "low"
    }), ("method", "PATCH", f"{TASKS}/{name}", [], {
            "title": "one",
            "priority": "low"
    }), ("If-Match", "POST", TASKS, [("If-Match", "*")], {
            "title": "one",
            "priority": "low"
    })):
        answer = judge.call(method, path, headers + [("Idempotency-Key", key)], body=body)
        allowed = {422} if label != "more body" else {422, 200}
        allowed = allowed | {400} if label == "If-Match" else allowed
        judge.check(f"another {label} under the same key", answer.status in allowed, answer)
    judge.expect("the key is the user's own",
                 "POST",
                 "/api/u2/tasks",
                 202,
                 headers=[("Idempotency-Key", key)],
                 body={"title": "two"},
                 user="u2",
                 lacks=["Idempotent-Replayed"])
    key2, href = uuid.uuid4().hex, f"{TASKS}/{name}"
    done = [judge.call("PATCH", href + "/complete", [("Idempotency-Key", key2), WAIT]) for _ in range(3)]
    judge.check("a toggle under a key toggles once", [d.json["version"] for d in done] == [2, 2, 2]
                and all(d.json["completed"] for d in done), done)
    key3 = uuid.uuid4().hex
    gone = [judge.call("DELETE", href, [("Idempotency-Key", key3), WAIT]).status for _ in range(2)]
    judge.check("a DELETE under a key is 204 twice", gone == [204, 204], gone)
    key4 = uuid.uuid4().hex
    lost = [judge.call("PUT", href, [("Idempotency-Key", key4), WAIT], body={"title": "x"}) for _ in range(2)]
    judge.check("a failed one is replayed as it failed", [a.status for a in lost] == [404, 404]
                and lost[1].get("Idempotent-Replayed") == "true"
                and lost[0].get("Sync-Token") == lost[1].get("Sync-Token"), lost)
    answer = judge.expect("a failed one is replayed unwaited",
                          "PUT",
                          href,
                          200,
                          headers=[("Idempotency-Key", key4)],
                          body={"title": "x"})
    judge.check("a failed one unwaited: body", (answer.json or {}).get("status") == "failed"
                and answer.json["error"]["status"] == 404, answer)
    key5, long = uuid.uuid4().hex, "a" * 255
    judge.call("POST", TASKS, [("Idempotency-Key", key5)], body={"title": long})
    judge.expect("a bad body under a known key is 400",
                 "POST",
                 TASKS,
                 400,
                 headers=[("Idempotency-Key", key5)],
                 body={"title": ""})


def concurrent(judge, count=200):
    key, answers = uuid.uuid4().hex, []
    data = wire.render("POST", "/api/many/tasks",
                       [judge.bearer("many"), ("Content-Type", "application/json"),
                        ("Idempotency-Key", key)], {"title": "m"})
    wires = [wire.Wire(judge.address, 20) for _ in range(count)]

    def one(connection):
        connection.send(data)
        answers.append(connection.read())
        connection.socket.close()

    threads = [threading.Thread(target=one, args=(connection, )) for connection in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {a.json.get("id") for a in answers}
    judge.check("200 equal POSTs have one id",
                len(answers) == count and len(ids) == 1 and {a.status
                                                             for a in answers} <= {200, 202}, ids)
    judge.check("199 of them are replays",
                sum(a.get("Idempotent-Replayed") == "true" for a in answers) == count - 1, "")
    token = answers[0].json["id"]
    listed = judge.call("GET", f"/api/many/tasks?sync_token={token}", user="many")
    judge.check("they made one task", len(listed.json.get("tasks", [])) == 1, listed)
