"""Conventions (API.md §1), HEAD, OPTIONS, CORS, public pages, the order of checks (§1), and the admin listener (§12)."""
import re
import uuid

import wire
from judge import STATUS_OF, UUID7

TASK = "/api/u1/tasks/01900000-0000-7000-8000-000000000001"
ROUTES = {
    "/api/u1/tasks": {"GET", "HEAD", "POST", "OPTIONS"},
    TASK: {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"},
    TASK + "/complete": {"PATCH", "OPTIONS"},
    "/api/u1/tasks/bulk": {"POST", "OPTIONS"},
    "/api/requests/01900000-0000-7000-8000-000000000001": {"GET", "HEAD", "OPTIONS"},
    "/api/requests": {"GET", "HEAD", "OPTIONS"},
    "/api/users/u1": {"GET", "HEAD", "OPTIONS"},
    "/health": {"GET", "HEAD", "OPTIONS"},
    "/openapi.json": {"GET", "HEAD", "OPTIONS"},
    "/problems/not-found": {"GET", "HEAD", "OPTIONS"},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
NO_ROUTES = [
    "/", "/api", "/api/", "/api/u1", "/api/u1/", "/api/u1/tasks/", "//api/u1/tasks", "/api//tasks",
    "/api/u1/tasks/not-a-uuid", "/api/u1/tasks/01900000-0000-7000-8000-00000000000", TASK + "/",
    TASK + "/done", "/api/u1/tasks/01900000-0000-7000-8000-0000000000011",
    "/api/u1/tasks/01900000000070008000000000000001", TASK + "/complete/", "/api/requests/",
    "/api/requests/abc", "/api/requests/tasks", "/api/auth/tasks", "/api/ops/tasks", "/api/users/",
    "/api/users/requests", "/api/u%20x/tasks", "/api/u*/tasks", "/api/" + "u" * 65 + "/tasks",
    "/API/u1/tasks", "/api/u1/Tasks", "/metrics", "/livez", "/readyz", "/ops", "/ops/api/lanes", "/problems/",
    "/problems/nothing", "/health/", "/openapi.json/", "/favicon.ico", "/api/u1/tasks/bulk/",
    "/api/%C3%A9/tasks", "/api/u1/tasks;a=b",
]


def run(judge, world):
    routes(judge)
    request_ids(judge)
    order(judge)
    cors(judge, world)
    pages(judge)
    paths(judge)
    admin(judge, world)


def routes(judge):
    for path, allowed in ROUTES.items():
        for method in METHODS:
            if method not in allowed:
                answer = judge.expect(f"{method} {path}",
                                      method,
                                      path,
                                      405,
                                      None if method == "HEAD" else "method-not-allowed",
                                      user=None)
                listed = set(re.split(r", *", answer.get("Allow") or ""))
                judge.check(f"{method} {path}: Allow", listed == allowed, listed)
        answer = judge.expect(f"OPTIONS {path}",
                              "OPTIONS",
                              path,
                              204,
                              user=None,
                              lacks=["Access-Control-Allow-Origin"])
        judge.check(f"OPTIONS {path}: Allow",
                    set(re.split(r", *",
                                 answer.get("Allow") or "")) == allowed, answer)
        for method in ("FOO", "TRACE", "CONNECT", "PROPFIND", "get"):
            answer, _, _ = wire.raw(judge.address,
                                    f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
                                    timeout=5)
            wanted = {501} if method in ("FOO", "PROPFIND", "get") else {501, 405, 400}
            judge.check(f"{method} {path}", answer and answer.status in wanted, answer)
    for path in NO_ROUTES:
        for user in ("u1", None):
            judge.expect(f"no route {path} by {user}", "GET", path, 404, "not-found", user=user)
    judge.expect("no route for POST", "POST", "/nothing", 404, "not-found", user=None)
    judge.expect("OPTIONS of no route", "OPTIONS", "/nothing", 404, "not-found", user=None)
    answer, _, _ = wire.raw(judge.address, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", timeout=5)
    judge.check("OPTIONS *", answer and answer.status in (204, 200), answer)
    for path in ("/health", "/openapi.json", "/problems/not-found", "/api/u1/tasks", "/api/users/u1"):
        got, head = judge.call("GET", path), judge.call("HEAD", path)
        judge.check(
            f"HEAD {path}", head.status == got.status
            and head.get("Content-Length") == got.get("Content-Length")
            and head.get("Content-Type") == got.get("Content-Type"), f"{head} {got}")
    answer = judge.call("HEAD", "/api/u1/tasks", user=None)
    judge.check("HEAD without a token", answer.status == 401 and int(answer.get("Content-Length") or 1) > 0,
                answer)
    judge.check("a TASK read that is not there", judge.call("GET", TASK).code == "task-not-found")


def request_ids(judge):
    for text, kept in (("abc", True), ("A.b_c-9", True), ("x" * 64, True), ("x" * 65, False), ("a b", False),
                       ("é", False), ("a/b", False), ("", False), ("a,b", False)):
        for path, user in (("/health", None), ("/nothing", None), ("/api/u1/tasks", None), ("/api/u1/tasks",
                                                                                            "u1")):
            answer = judge.call("GET", path, [("X-Request-Id", text)], user=user)
            judge.check(f"X-Request-Id {text[:20]!r} on {path}", (answer.get("X-Request-Id") == text) == kept,
                        answer)
    one, two = judge.call("GET", "/health"), judge.call("GET", "/health")
    judge.check("minted ids differ", one.get("X-Request-Id") != two.get("X-Request-Id"))
    data = b"GET /health HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\nX-Request-Id: two\r\n\r\n"
    answer, _, _ = wire.raw(judge.address, data, timeout=5)
    judge.check("two X-Request-Ids", answer and answer.get("X-Request-Id") not in ("one, two", ), answer)


def order(judge):
    other = TASK.replace("u1", "u2")
    bad = [("Content-Type", "text/plain"), ("Idempotency-Key", "a b")]
    judge.expect("404 before 401", "POST", "/nothing", 404, "not-found", headers=bad, body="{", user=None)
    judge.expect("405 before 401", "POST", TASK, 405, headers=bad, body="{", user=None)
    judge.expect("401 before 403, 415, 400",
                 "PUT",
                 other,
                 401,
                 "unauthorized",
                 headers=bad,
                 body="{",
                 user=None)
    judge.expect("403 before 415 and 400", "PUT", other, 403, "forbidden", headers=bad, body="{")
    judge.expect("403 on a list of another", "GET", "/api/u2/tasks?limit=x", 403, "forbidden")
    judge.expect("415 before 400", "PUT", TASK, 415, "unsupported-media-type", headers=bad, body="{")
    judge.expect("403 before 413", "POST", "/api/u2/tasks", 403, "forbidden", body=b"x" * 70000)
    judge.expect("401 before 413", "POST", "/api/u1/tasks", 401, "unauthorized", body=b"x" * 70000, user=None)
    judge.expect("400 before 422",
                 "POST",
                 "/api/u1/tasks",
                 400,
                 body={"title": 1},
                 headers=[("Idempotency-Key", "order-1")])
    judge.expect("405 of another's path", "POST", other, 405)
    for scheme in ("Basic dTpw", "Bearer", "Bearer ", "bearer", "Token x", ""):
        judge.expect(f"Authorization {scheme!r}",
                     "GET",
                     "/api/u1/tasks",
                     401,
                     "unauthorized",
                     headers=[("Authorization", scheme)])


def cors(judge, world):
    path, pre = "/api/u1/tasks", [("Access-Control-Request-Method", "POST"),
                                  ("Access-Control-Request-Headers", "authorization, idempotency-key")]
    for origin, known in ((world.cors, True), ("https://two.example:8443", True), ("https://evil.example",
                                                                                   False), ("null", False),
                          (world.cors + ".evil.example", False), (world.cors.upper(), False),
                          ("http://app.example", False), ("*", False), (world.cors + ":443", False)):
        answer = judge.expect(f"preflight of {origin}",
                              "OPTIONS",
                              path,
                              204,
                              headers=[("Origin", origin)] + pre,
                              user=None)
        judge.check(f"preflight of {origin}: answer",
                    (answer.get("Access-Control-Allow-Origin") == origin) == known
                    and (known or not any(key.lower().startswith("access-control")
                                          for key, _ in answer.headers)), answer)
        if known:
            judge.check(
                f"preflight of {origin}: lists", "POST" in (answer.get("Access-Control-Allow-Methods") or "")
                and "authorization" in (answer.get("Access-Control-Allow-Headers") or "").lower()
                and "idempotency-key" in (answer.get("Access-Control-Allow-Headers") or "").lower(), answer)
        judge.check(f"preflight of {origin}: Vary", "origin" in ",".join(answer.all("Vary")).lower(), answer)
        for user in ("u1", None):
            answer = judge.call("GET", path, [("Origin", origin)], user=user)
            judge.check(f"GET from {origin} by {user}",
                        (answer.get("Access-Control-Allow-Origin") == origin) == known
                        and answer.get("Access-Control-Allow-Origin") != "*", answer)
            if known:
                exposed = (answer.get("Access-Control-Expose-Headers") or "").lower()
                judge.check(f"exposed to {origin} by {user}", "location" in exposed and "etag" in exposed,
                            answer)


def pages(judge):
    for code in STATUS_OF:
        answer = judge.expect(f"page of {code}", "GET", f"/problems/{code}", 200, user=None)
        judge.check(f"page of {code}: says it", code.encode() in answer.body, answer)
    answer = judge.expect("openapi", "GET", "/openapi.json", 200, user=None)
    judge.check("openapi is 3.1", (answer.json or {}).get("openapi", "").startswith("3.1"), answer.body[:100])
    paths = (answer.json or {}).get("paths", {})
    judge.check("openapi has every route", len([p for p in paths if p.startswith("/api/")]) >= 7, list(paths))
    answer = judge.expect("health", "GET", "/health", 200, user=None)
    judge.check("health says status", isinstance((answer.json or {}).get("status"), str), answer)
    judge.check("health without details", set(answer.json or {}) == {"status"}, answer)
    judge.expect("health with a parameter", "GET", "/health?x=1", 200, user=None)
    answer = judge.call("GET", "/api/users/unseen", user="unseen")
    body = answer.json or {}
    judge.check("profile before the first task", answer.status == 200 and body.get("id") == "unseen"
                and body.get("created_at", 1) is None, answer)
    answer = judge.call("GET", "/api/users/unseen2",
                        [judge.bearer("unseen2", claims={
                            "email": "a@b.c",
                            "name": "Ä"
                        })])
    body = answer.json or {}
    judge.check("profile from the token", body.get("email") == "a@b.c" and body.get("name") == "Ä", answer)
    judge.expect("profile of another", "GET", "/api/users/u2", 403, "forbidden")
    for path in ("/api/u1/tasks", "/api/users/u1"):
        answer = judge.call("GET", path)
        judge.check(f"{path} is nobody else's to keep", "public" not in answer.get("Cache-Control"), answer)


def paths(judge):
    u1 = "/api/u1/tasks"
    for path in ("/api/%75%31/tasks", "/%61pi/u1/tasks", "/api/u1/t%61sks"):
        judge.expect(f"decoded once: {path}", "GET", path, 200)
    for path in ("/api/u1%2ftasks", "/api/u1%2Ftasks", "/api/u1%5ctasks", "/api/u1/tasks%00",
                 "/api/u1/../u1/tasks", "/api/./u1/tasks", "/api/u1/tasks/..", "/api/%2e%2e/tasks",
                 "/api/%2e/tasks", "/api/.%2e/tasks", "/api/u1/tasks/%", "/api/u1/tasks/%4",
                 "/api/u1/tasks/%zz", "/api/u1%5Ctasks", "/api/u1\\tasks"):
        answer = judge.call("GET", path)
        judge.check(f"refused: {path}", answer.status in (400, 404), answer)
    for path, status in (("/api/%2575%2531/tasks", 404), ("/api/u1/tasks?", 200), ("/api/u1/tasks#x", 400)):
        answer = judge.call("GET", path)
        judge.check(f"path {path}", answer.status == status, answer)
    upper = "/api/u1/tasks/" + "ABCDEF00-0000-7000-8000-000000000001"
    judge.expect("a UUID in capitals names the same task", "GET", upper, 404, "task-not-found")
    judge.expect("absolute form", "GET", "http://localhost" + u1, 200)
    for user in ("a.b", "a:b", "a@b.c", "-", "_", "u" * 64, "0", "A"):
        judge.expect(f"user id {user}", "GET", f"/api/{user}/tasks", 200, user=user)
    judge.expect("user ids are bytes", "GET", "/api/U1/tasks", 403, "forbidden")
    judge.expect("v4 task id", "GET", f"{u1}/{uuid.uuid4()}", 404, "task-not-found")
    assert UUID7


def admin(judge, world):
    for path in ("/livez", "/readyz", "/metrics"):
        answer, _, _ = wire.raw(world.admin,
                                f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        judge.check(f"admin {path}", answer and answer.status == 200, answer)
        worker, _, _ = wire.raw(world.worker_admin,
                                f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        judge.check(f"worker's admin {path}", worker and worker.status == 200, worker)
        if path == "/metrics":
            text = answer.body.decode()
            judge.check("metrics are text", "text/plain" in answer.get("Content-Type"), answer.headers)
            judge.check("metrics name no user", "u1" not in re.sub(r"[a-f0-9]{8,}", "", text), "")
            for name in ("tasklane_http_requests_total", "tasklane_http_request_duration_seconds",
                         "tasklane_build_info", "tasklane_accepted_total", "tasklane_auth_failures_total",
                         "tasklane_waiters"):
                judge.check(f"metric {name}", name in text, "")
            for line in text.splitlines():
                if line.startswith("# TYPE") and line.endswith(
                        " counter") and not line.split()[2].endswith("_total"):
                    judge.check(f"counter {line.split()[2]} ends in _total", False, line)
        if path == "/readyz":
            judge.check("readyz names its checks", "redis" in answer.body.decode().lower(), answer.body)
    for path in ("/ops/api/overview", "/ops/api/lanes"):
        for headers, wanted in (([], 401), ([judge.bearer()], 403)):
            lines = "".join(f"{key}: {value}\r\n" for key, value in headers)
            answer, _, _ = wire.raw(
                world.admin, f"GET {path} HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n".encode())
            judge.check(f"admin {path} with {len(headers)} token", answer and answer.status in (wanted, 404),
                        answer)
    bearer = judge.bearer("boss", claims={"scope": "tasklane:admin"})
    answer, _, _ = wire.raw(
        world.admin, f"GET /ops/api/overview HTTP/1.1\r\nHost: a\r\n{bearer[0]}: {bearer[1]}\r\n"
        "Connection: close\r\n\r\n".encode())
    judge.check("admin lanes by an admin", answer and answer.status == 200, answer)
    judge.check("an admin is no other user", judge.call("GET", "/api/u1/tasks", [bearer]).status == 403, "")
    answer, _, _ = wire.raw(world.admin,
                            b"GET /api/u1/tasks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    judge.check("no API on the admin listener", answer and answer.status == 404, answer)
