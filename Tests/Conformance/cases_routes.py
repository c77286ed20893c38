"""Every route by every road: HEAD like GET, CORS on each answer whatever its status, the operators' listener (API.md §12)."""
import json
import re
import time

import wire
from cases_basics import ROUTES, TASK

WAIT = ("Prefer", "wait=10")


def run(judge, world):
    made = judge.call("POST", "/api/u1/tasks", [WAIT], body={"title": "r"})
    heads(judge, made)
    origins(judge, world, made)
    operators(judge, world)
    sync(judge, world)
    retry_after(judge, world)


def heads(judge, made):
    """HEAD has the headers of GET and no body; also for what is not there, and for If-None-Match."""
    task, request = f"/api/u1/tasks/{made.json['id']}", f"/api/requests/{made.get('Sync-Token')}"
    missing = TASK[:-1] + "9"
    for path in (task, request, f"/api/requests?ids={made.get('Sync-Token')}", "/api/u1/tasks?limit=1", "/api/users/u1",
                 "/health", "/openapi.json", "/problems/superseded", missing, "/nothing", "/api/u2/tasks",
                 "/api/requests/" + TASK[-36:], "/api/u1/tasks?limit=0", "/api/u1/tasks?cursor=x"):
        fixed = [("X-Request-Id", "same")]
        got, head = judge.call("GET", path, fixed), judge.call("HEAD", path, fixed)

        def fields(answer):
            return sorted((key, value) for key, value in answer.headers if key != "Date")

        judge.check(f"HEAD {path}: as GET", head.status == got.status and fields(head) == fields(got), (got, head))
        judge.check(f"HEAD {path}: no body", head.body == b"", head)
    for path in (task, "/api/u1/tasks?limit=1"):
        tag = judge.call("GET", path).get("ETag")
        for method in ("GET", "HEAD"):
            for value, status in ((tag, 304), ('"x"', 200), ("*", 304), (f'"x", {tag}', 304), ("W/" + tag, 304),
                                  (f"{tag}x", None)):
                answer = judge.call(method, path, [("If-None-Match", value)])
                judge.check(f"{method} {path[:14]} If-None-Match {value[:9]}", answer.status == status or
                            (status is None and answer.status in (200, 400)), answer)
                if answer.status == 304:
                    judge.check("304 keeps its ETag", answer.get("ETag") == tag, answer)


def origins(judge, world, made):
    """A page of a known origin may read every answer; of a stranger's none; preflights need no token."""
    known, stranger = world.cors, "https://evil.example"
    for path, methods in ROUTES.items():
        for method in sorted(methods - {"OPTIONS", "HEAD"}):
            asks = [("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization")]
            answer = judge.call("OPTIONS", path, [("Origin", known), *asks], user=None)
            judge.check(f"preflight {method} {path}", answer.status == 204 and
                        answer.get("Access-Control-Allow-Origin") == known and
                        method in re.split(", *", answer.get("Access-Control-Allow-Methods") or ""), answer)
            answer = judge.call("OPTIONS", path, [("Origin", stranger), *asks], user=None)
            judge.check(f"preflight {method} {path} of a stranger", not shown(answer), answer)
    task = f"/api/u1/tasks/{made.json['id']}"
    table = [
        ("GET", "/api/u1/tasks", {}, 200), ("GET", task, {}, 200), ("GET", "/api/u1/tasks?x=1", {}, 400),
        ("GET", "/api/u1/tasks", {"user": None}, 401), ("GET", "/api/u2/tasks", {}, 403), ("GET", "/nothing", {}, 404),
        ("DELETE", "/health", {}, 405), ("POST", "/api/u1/tasks", {"body": {"title": "c"}}, 202),
        ("POST", "/api/u1/tasks", {"body": {"title": ""}}, 400), ("POST", "/api/u1/tasks", {"body": "{"}, 400),
        ("POST", "/api/u1/tasks", {"body": "x", "content": "text/plain"}, 415),
        ("POST", "/api/u1/tasks", {"body": b"x" * 70000}, 413),
        ("PUT", task, {"body": {"title": "c"}, "headers": [WAIT]}, 200),
        ("PUT", task, {"body": {"title": "c"}, "headers": [WAIT, ("If-Match", '"v99"')]}, 412),
        ("GET", "/health", {}, 200), ("GET", "/openapi.json", {}, 200), ("GET", "/problems/internal", {}, 200),
        ("GET", f"/api/requests/{made.get('Sync-Token')}", {}, 200), ("HEAD", task, {}, 200),
    ]
    for method, path, how, status in table:
        for origin in (known, stranger):
            options = dict(how)
            headers = [*options.pop("headers", []), ("Origin", origin)]
            answer = judge.call(method, path, headers, **options)
            good = answer.status == status and (answer.get("Access-Control-Allow-Origin") == known
                                                if origin == known else not shown(answer))
            judge.check(f"{method} {path[:24]} ({status}) from {origin}", good and
                        "origin" in ",".join(answer.all("Vary")).lower(), answer)
            judge.check("no credentials by cookie", answer.get("Access-Control-Allow-Credentials") is None, answer)


def shown(answer):
    return [key for key, _ in answer.headers if key.lower().startswith("access-control-")]


def operators(judge, world):
    pages = {"/livez": None, "/readyz": None, "/metrics": None, "/ops": None, "/ops/api/overview": True}
    boss = judge.bearer("boss", claims={"scope": "openid tasklane:admin profile"})
    for path in pages:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = judge.call(method, path, [boss], address=world.admin)
            judge.check(f"admin {method} {path}", answer.status == 405 and "GET" in answer.get("Allow"), answer)
        got, head = (judge.call(method, path, [boss], address=world.admin) for method in ("GET", "HEAD"))
        judge.check(f"admin HEAD {path}", head.status == got.status == 200 and head.body == b"", (head, got))
        answer = judge.call("OPTIONS", path, user=None, address=world.admin)
        judge.check(f"admin OPTIONS {path}", answer.status == 204 and "GET" in answer.get("Allow"), answer)
    for path in ("/ops/api", "/ops/api/", "/ops/api/nothing", "/ops/", "/", "/health", "/api/u1/tasks", "/metrics/"):
        answer = judge.call("GET", path, [boss], address=world.admin)
        judge.check(f"admin: no route {path}", answer.status == 404, answer)
    for name, claims, status in (("a word among others", {"scope": "a tasklane:admin b"}, 200),
                                 ("a list", {"scope": ["a", "tasklane:admin"]}, 200), ("none", {}, 403),
                                 ("a longer word", {"scope": "tasklane:administrator"}, 403),
                                 ("a prefix", {"scope": "tasklane:adm"}, 403), ("capitals", {"scope": "TASKLANE:ADMIN"}, 403),
                                 ("commas", {"scope": "a,tasklane:admin"}, 403), ("in role", {"role": "tasklane:admin"}, 403),
                                 ("admin true", {"admin": True}, 403), ("a number", {"scope": 1}, 401),
                                 ("empty", {"scope": ""}, 403), ("expired", {"scope": "tasklane:admin", "exp": 1}, 401)):
        answer = judge.call("GET", "/ops/api/overview", [judge.bearer("boss", claims=claims)], address=world.admin)
        judge.check(f"scope: {name}", answer.status == status, answer)
    overview = judge.call("GET", "/ops/api/overview", [boss], address=world.admin)
    judge.check("overview is JSON and names no user", isinstance(overview.json, dict) and "u1" not in
                re.sub(r"[0-9a-f]{8,}", "", json.dumps(overview.json)), overview)
    ready = judge.call("GET", "/readyz", user=None, address=world.admin)
    judge.check("readyz: each check, no host names", {"redis", "postgres"} <= set((ready.json or {}).get("checks", {})) and
                "sock" not in ready.body.decode() and "127." not in ready.body.decode(), ready)
    page = judge.call("GET", "/ops", user=None, address=world.admin)
    judge.check("the dashboard loads nothing from elsewhere", page.status == 200 and
                not re.search(rb"https?://", page.body) and b"<script>" not in page.body, page)
    metrics(judge, world)


def metrics(judge, world):
    for name, place, wanted in (("ingest", world.admin, [
        "http_requests_total", "http_request_duration_seconds", "accepted_total", "lane_depth", "queue_oldest_seconds",
        "parked_users", "dead_letters", "unaccounted", "waiters", "auth_failures_total", "build_info"
    ]), ("worker", world.worker_admin, [
        "applied_total", "apply_batch_size", "apply_duration_seconds", "accept_to_result_seconds", "retries_total",
        "dead_lettered_total", "lanes_owned", "lease_takeovers_total", "build_info", "queue_oldest_seconds"
    ])):
        text = wire.raw(place, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")[0].body.decode()
        for one in wanted:
            judge.check(f"{name} has tasklane_{one}", f"# TYPE tasklane_{one} " in text)
        for kind in ("redis", "postgres"):
            judge.check(f"{name} has tasklane_{kind}_…", f"# TYPE tasklane_{kind}_" in text)
        samples = [line for line in text.splitlines() if line and not line.startswith("#")]
        judge.check(f"{name}: every line is a sample", all(
            re.match(r'^[a-z_]+(\{([a-z]+="[^"\\]*",?)*\})? (\d+(\.\d+)?(e[+-]?\d+)?|\+Inf|NaN)$', line)
            for line in samples), [line for line in samples if not re.match(r"^[a-z_]+(\{.*\})? [\d.e+-]+$", line)][:3])
        names = [line.split("{")[0].split(" ")[0] + (re.search(r"\{.*\}", line) or [""])[0] for line in samples]
        judge.check(f"{name}: no sample twice", len(names) == len(set(names)))
        types = [line for line in text.splitlines() if line.startswith("# TYPE")]
        judge.check(f"{name}: every family once", len(types) == len(set(line.split()[2] for line in types)))
        judge.check(f"{name}: no raw paths", "/api/u1" not in text)


def sync(judge, world):
    """A token of a mutation that is still queued: the read waits, and gives up as it was told."""
    world.deployment.control("pause", "--all", "--why", "contract")
    time.sleep(1.2)
    token = judge.call("POST", "/api/sync/tasks", body={"title": "s"}, user="sync").json["id"]
    for headers, seconds in (([("Prefer", "wait=1")], 1), ([("Prefer", "wait=0")], 0), ([], 5)):
        for path in ("/api/sync/tasks",) if seconds == 5 else ("/api/sync/tasks", "/api/users/sync",
                                                              "/api/sync/tasks/" + TASK[-36:]):
            began = time.monotonic()
            answer = judge.call("GET", path, [("Sync-Token", token), *headers], user="sync")
            took = time.monotonic() - began
            judge.check(f"not caught up: {path[:20]} {headers}", answer.status == 503 and answer.code == "not-caught-up" and
                        answer.get("Retry-After") == "1" and seconds - 0.3 <= took <= seconds + 1.5, (answer, took))
    for value in ("", "x", token.upper() + "x", token[:-1], f"{token},{token}"):
        answer = judge.call("GET", f"/api/sync/tasks?sync_token={value}", user="sync")
        judge.check(f"sync_token={value[:8]!r}", answer.status == 400 and
                    answer.code in ("invalid-sync-token", "invalid-parameter"), answer)
    both = judge.call("GET", f"/api/sync/tasks?sync_token={token}", [("Sync-Token", token), ("Prefer", "wait=0")],
                      user="sync")
    judge.check("header and parameter", both.status in (400, 503), both)
    world.deployment.control("resume", "--all")
    answer = judge.call("GET", "/api/sync/tasks", [("Sync-Token", token), ("Prefer", "wait=10")], user="sync")
    judge.check("caught up", answer.status == 200 and len(answer.json["tasks"]) == 1, answer)


def retry_after(judge, world):
    """A rate: the answers' Retry-After and RateLimit are true, and who waits as told is served."""
    address, _, process = world.deployment.ingest("paced", TASKLANE_USER_RATE="2/s:4")
    refused = None
    for _ in range(8):
        answer = judge.call("POST", "/api/pace/tasks", body={"title": "p"}, user="pace", address=address)
        if answer.status == 429:
            refused = answer
            break
    judge.check("a burst of four, then 429", refused is not None)
    time.sleep(int(refused.get("Retry-After")))
    answer = judge.call("POST", "/api/pace/tasks", body={"title": "p"}, user="pace", address=address)
    judge.check("who waits as told is served", answer.status == 202, answer)
    answer = judge.call("POST", "/api/pace/tasks/bulk", body=[{"op": "create", "data": {"title": "p"}}] * 5, user="pace",
                        address=address)
    judge.check("a bulk that no burst can hold", answer.status == 429, answer)
    world.deployment.stop(process)
