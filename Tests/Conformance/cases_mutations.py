"""Mutations (API.md §3, §4): accepted, waited and conditional ones, and every form of Prefer."""
import uuid

import wire
from judge import TIME, UUID7

TASKS = "/api/u1/tasks"
WAIT = ("Prefer", "wait=10")
UNKNOWN = "01900000-0000-7000-8000-00000000ffff"


def make(judge, user="u1", **fields):
    answer = judge.call("POST", f"/api/{user}/tasks", [WAIT], body={"title": "t"} | fields, user=user)
    judge.check("a task is made", answer.status == 201, answer)
    return answer.json


def run(judge, world):
    accepted(judge)
    waited(judge)
    fields(judge)
    prefer(judge)
    conditional(judge)
    tokens(judge)


def accepted(judge):
    task = f"{TASKS}/{UNKNOWN}"
    own = str(uuid.uuid4())
    for name, method, path, body, operation in (("create", "POST", TASKS, {
            "title": "a"
    }, "task.create"), ("create with an id", "POST", TASKS, {
            "title": "a",
            "id": own
    }, "task.create"), ("PUT", "PUT", task, {
            "title": "a"
    }, "task.update"), ("PATCH", "PATCH", task, {
            "title": "a"
    }, "task.update"), ("complete", "PATCH", task + "/complete", {
            "completed": True
    }, "task.complete"), ("toggle", "PATCH", task + "/complete", None, "task.complete"),
                                                ("DELETE", "DELETE", task, None, "task.delete")):
        answer = judge.expect(f"{name} is accepted",
                              method,
                              path,
                              202,
                              body=body,
                              lacks=["ETag", "Idempotent-Replayed", "Preference-Applied"],
                              has={
                                  "Retry-After": "1",
                                  "Cache-Control": "no-store",
                                  "Content-Type": "application/json"
                              })
        seen = answer.json or {}
        place = f"/api/requests/{seen.get('id')}"
        judge.check(
            f"{name}: headers",
            answer.get("Location") == place and answer.get("Operation-Location") == place
            and answer.get("Sync-Token") == seen.get("id"), answer)
        judge.check(
            f"{name}: members",
            set(seen) == {
                "id", "status", "done", "operation", "task_id", "task_href", "submitted_at", "expires_at",
                "poll_after_ms"
            }, seen)
        judge.check(
            f"{name}: values",
            UUID7.match(seen.get("id", "")) and seen.get("status") == "queued" and seen.get("done") is False
            and seen.get("operation") == operation and isinstance(seen.get("poll_after_ms"), int)
            and TIME.match(seen.get("submitted_at", "")) and TIME.match(seen.get("expires_at", "")), seen)
        judge.check(
            f"{name}: the task",
            seen.get("task_href") == f"{TASKS}/{seen.get('task_id')}"
            and (seen.get("task_id") in (UNKNOWN, own) or UUID7.match(seen["task_id"])), seen)
        judge.check(f"{name}: request and task differ", seen.get("id") != seen.get("task_id"), seen)
    capitals = str(uuid.uuid4()).upper()
    answer = judge.expect("an id in capitals", "POST", TASKS, 202, body={"title": "a", "id": capitals})
    judge.check("an id in capitals is told in lower case", (answer.json
                                                            or {}).get("task_id") == capitals.lower(), answer)


def waited(judge):
    answer = judge.expect("create waited",
                          "POST",
                          TASKS,
                          201,
                          headers=[WAIT],
                          body={"title": "a"},
                          has={
                              "ETag": '"v1"',
                              "Preference-Applied": "wait=10",
                              "Sync-Token": True
                          },
                          lacks=["Retry-After", "Idempotent-Replayed"])
    task = answer.json or {}
    href = f"{TASKS}/{task.get('id')}"
    judge.check("create waited: Location", answer.get("Location") == href, answer)
    judge.check(
        "create waited: members",
        set(task) == {
            "id", "user_id", "title", "description", "completed", "priority", "due_at", "version",
            "created_at", "updated_at"
        }, task)
    judge.check(
        "create waited: values",
        task.get("user_id") == "u1" and task.get("version") == 1 and task.get("completed") is False
        and task.get("description") is None and TIME.match(task.get("created_at", "")), task)
    got = judge.expect("the task is read", "GET", href, 200, has={"ETag": '"v1"'})
    judge.check("the task read is the task made", got.json == task, got)
    for name, header, status in (("same", '"v1"', 304), ("weak", 'W/"v1"', 304), ("star", "*", 304),
                                 ("list", '"x", "v1"', 304), ("other", '"v2"', 200), ("unquoted", "v1", 200)):
        answer = judge.call("GET", href, [("If-None-Match", header)])
        judge.check(f"If-None-Match {name}", answer.status == status
                    or (name == "unquoted" and answer.status == 400), answer)
        if status == 304:
            judge.check(f"If-None-Match {name}: ETag",
                        answer.get("ETag") == '"v1"' and not answer.body, answer)
            judge.check(f"HEAD If-None-Match {name}",
                        judge.call("HEAD", href, [("If-None-Match", header)]).status == 304)
    version = 1
    for name, method, path, body in (("PUT", "PUT", href, {
            "title": "b"
    }), ("PATCH", "PATCH", href, {
            "description": "d"
    }), ("no change", "PATCH", href, {
            "description": "d"
    }), ("complete", "PATCH", href + "/complete", {
            "completed": True
    }), ("complete again", "PATCH", href + "/complete", {
            "completed": True
    }), ("toggle", "PATCH", href + "/complete", None)):
        version += 1
        answer = judge.expect(f"{name} waited",
                              method,
                              path,
                              200,
                              headers=[WAIT],
                              body=body,
                              has={
                                  "ETag": f'"v{version}"',
                                  "Sync-Token": True
                              })
        judge.check(f"{name} waited: version", (answer.json or {}).get("version") == version, answer)
        judge.check(f"{name} waited: no Location of a request", "requests" not in (answer.get("Location")
                                                                                   or ""), answer)
    judge.check("the toggle toggled", answer.json["completed"] is False, answer)
    judge.expect("409 waited",
                 "POST",
                 TASKS,
                 409,
                 "task-id-conflict",
                 headers=[WAIT],
                 body={
                     "title": "x",
                     "id": task["id"]
                 },
                 has={"Sync-Token": True})
    answer = judge.expect("412 waited",
                          "PATCH",
                          href,
                          412,
                          "precondition-failed",
                          headers=[WAIT, ("If-Match", '"v1"')],
                          body={"title": "c"},
                          has={"Sync-Token": True})
    judge.check("412 tells the current etag", (answer.json or {}).get("etag") == f'"v{version}"', answer)
    made = judge.expect("the same id by another user",
                        "POST",
                        "/api/u2/tasks",
                        201,
                        headers=[WAIT],
                        body={
                            "title": "x",
                            "id": task["id"]
                        },
                        user="u2")
    judge.check("the same id, another's", (made.json or {}).get("user_id") == "u2", made)
    judge.expect("DELETE waited",
                 "DELETE",
                 href,
                 204,
                 headers=[WAIT],
                 has={
                     "Sync-Token": True,
                     "Preference-Applied": "wait=10"
                 })
    judge.expect("it is gone", "GET", href, 404, "task-not-found")
    judge.expect("the other's is not", "GET", f"/api/u2/tasks/{task['id']}", 200, user="u2")
    for method, path, body in (("PUT", href, {
            "title": "b"
    }), ("PATCH", href, {
            "title": "b"
    }), ("PATCH", href + "/complete", {
            "completed": True
    }), ("PATCH", href + "/complete", None), ("DELETE", href, None)):
        judge.expect(f"404 waited: {method} {path[-9:]}",
                     method,
                     path,
                     404,
                     "task-not-found",
                     headers=[WAIT],
                     body=body,
                     has={"Sync-Token": True})
    judge.expect("the id again after a delete",
                 "POST",
                 TASKS,
                 201,
                 headers=[WAIT],
                 body={
                     "title": "x",
                     "id": task["id"]
                 },
                 has={"ETag": '"v1"'})


def fields(judge):
    task = make(judge,
                description="d",
                priority="low",
                due_at="2026-11-20T12:00:00.5+05:30",
                title="\u0065\u0301 \u212a 😀")
    href = f"{TASKS}/{task['id']}"
    judge.check("due_at is UTC", task["due_at"] == "2026-11-20T06:30:00.500000Z", task)
    judge.check("text is kept as it came", task["title"] == "e\u0301 \u212a 😀", task)
    for method in ("PUT", "PATCH"):
        task = make(judge, description="d", priority="low", due_at="2026-11-20T12:00:00Z")
        href = f"{TASKS}/{task['id']}"
        for field in ("description", "priority", "due_at"):
            answer = judge.call(method, href, [WAIT], body={field: None})
            judge.check(f"{method} clears {field}", answer.status == 200 and answer.json[field] is None
                        and answer.json["title"] == "t", answer)
        answer = judge.call(method, href, [WAIT], body={"priority": "high"})
        judge.check(f"{method} leaves what it does not name", answer.json["title"] == "t"
                    and answer.json["priority"] == "high", answer)
        judge.check(f"{method} keeps created_at",
                    answer.json["created_at"] == task["created_at"] < answer.json["updated_at"], answer)


PREFERS = [  # value of Prefer, is it waited for, what Preference-Applied says
    ("wait=5", "wait=5"), ("wait=25", "wait=25"), ("wait=26", "wait=25"),
    ("wait=99999999999999999999", "wait=25"), ("WAIT=5", "wait=5"), ('wait="5"', "wait=5"),
    ("wait = 5", "wait=5"), ("respond-async, wait=5", "wait=5"), ("wait=5; foo=bar", "wait=5"),
    ("foo, wait=5", "wait=5"), ("wait=5, wait=0", "wait=5"), ("wait=05", "wait=5"),
    ("return=representation, wait=5", "wait=5"), ("wait=5;foo", "wait=5"), (",, wait=5,", "wait=5"),
    ("wait=0", None), ("wait", None), ("wait=", None), ("wait=-1", None), ("wait=+5", None),
    ("wait=5.5", None), ("wait=5s", None), ("wait=x", None), ("", None), (";", None), ("respond-async", None),
    ('foo="wait=5"', None), ("waiting=5", None), ('wait="5', None), ("wait=0x5", None),
]


def prefer(judge):
    for value, applied in PREFERS:
        answer = judge.call("POST", TASKS, [("Prefer", value)], body={"title": "p"})
        told = (answer.get("Preference-Applied") or "").split(", ")
        judge.check(
            f"Prefer: {value}", (answer.status == 201 and applied in told) if applied else
            (answer.status == 202 and not any(part.startswith("wait=") and part != "wait=0"
                                              for part in told)), answer)
    answer = judge.call("POST", TASKS, [("Prefer", "return=minimal"), WAIT], body={"title": "p"})
    judge.check(
        "two Prefer lines", answer.status == 201 and not answer.body and answer.get("ETag")
        and answer.get("Location") and set(
            (answer.get("Preference-Applied") or "").split(", ")) == {"wait=10", "return=minimal"}, answer)
    href = answer.get("Location")
    both = [("Prefer", "wait=10, return=minimal")]
    for method, path, body in (("PUT", href, {
            "title": "b"
    }), ("PATCH", href, {
            "title": "c"
    }), ("PATCH", href + "/complete", {
            "completed": True
    })):
        judge.expect(f"minimal {method} {path[-9:]}",
                     method,
                     path,
                     204,
                     headers=both,
                     body=body,
                     has={
                         "ETag": True,
                         "Sync-Token": True
                     })
    judge.expect("minimal failure has a body",
                 "PATCH",
                 href,
                 412,
                 "precondition-failed",
                 headers=both + [("If-Match", '"v9"')],
                 body={"title": "c"})
    answer = judge.expect("minimal accepted",
                          "POST",
                          TASKS,
                          202,
                          headers=[("Prefer", "return=minimal")],
                          body={"title": "p"})
    judge.check("minimal accepted still names its request",
                answer.get("Location") and answer.get("Sync-Token"), answer)


def conditional(judge):
    task = make(judge)
    href = f"{TASKS}/{task['id']}"
    for text in ("v1", "", '"v1', 'v1"', '"v1" "v2"', "W/", 'w/"v1"', "*, *", '"a", *', '"a"b', "'v1'", "**"):
        judge.expect(f"If-Match {text!r}",
                     "PATCH",
                     href,
                     400,
                     "invalid-parameter",
                     headers=[("If-Match", text)],
                     body={"title": "x"})
    version = 1
    for text, good in (('"v1"', True), ('"v1"', False), ('W/"v2"', False), ('"v2", "v9"', True), ("*", True),
                       ('"v9" , "v4",', True), ('"V5"', False), ('"v05"', False), ('"v5","x"',
                                                                                   True), ('""', False)):
        answer = judge.call("PATCH", href, [("If-Match", text), WAIT], body={"title": "x"})
        version += good
        judge.check(f"If-Match {text} at v{version - good}", answer.status == (200 if good else 412), answer)
    for text in ("*", '"v1"'):
        judge.expect(f"If-Match {text} of no task",
                     "PATCH",
                     f"{TASKS}/{UNKNOWN}",
                     404,
                     headers=[("If-Match", text), WAIT],
                     body={"title": "x"})
    for method, path, body in (("PUT", href, {
            "title": "x"
    }), ("DELETE", href, None), ("PATCH", href + "/complete", None)):
        judge.expect(f"If-Match of {method} {path[-9:]}",
                     method,
                     path,
                     412,
                     "precondition-failed",
                     headers=[("If-Match", '"v77"'), WAIT],
                     body=body)
    data = wire.render("PATCH", href, [
        judge.bearer(), ("If-Match", '"v1"'), ("If-Match", f'"v{version}"'), WAIT,
        ("Content-Type", "application/json")
    ], {"title": "y"})
    answer, _, _ = wire.raw(judge.address, data)
    judge.check("two If-Match lines are a list", answer and answer.status in (200, 400), answer)


def tokens(judge):
    mine = judge.call("POST", TASKS, body={"title": "sync"}).get("Sync-Token")
    for path in (TASKS, f"{TASKS}/{UNKNOWN}", "/api/users/u1"):
        for name, headers, query in (("header", [("Sync-Token", mine)], ""), ("query", [],
                                                                              f"?sync_token={mine}")):
            answer = judge.call("GET", path + query, headers)
            judge.check(f"Sync-Token by {name} of {path[:20]}", answer.status in (200, 404)
                        and answer.code != "not-found", answer)
    theirs = judge.call("POST", "/api/u2/tasks", body={"title": "sync"}, user="u2").get("Sync-Token")
    for token in (theirs, UNKNOWN, "x", "", mine + "x", mine.replace("-", "")):
        for name, headers, query in (("header", [("Sync-Token", token)], ""), ("query", [],
                                                                               f"?sync_token={token}")):
            judge.expect(f"bad Sync-Token {token[:12]!r} by {name}",
                         "GET",
                         TASKS + query,
                         400,
                         "invalid-sync-token",
                         headers=headers)
