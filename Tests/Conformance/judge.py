"""Counts cases, and holds every answer to what API.md says of every answer."""
import json
import re
import threading

import wire
from tokens import token

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
DATE = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
CSP = "default-src 'none'; frame-ancestors 'none'"
STATUS_OF = {
    "malformed-request": 400,
    "invalid-json": 400,
    "validation-failed": 400,
    "invalid-parameter": 400,
    "invalid-cursor": 400,
    "invalid-sync-token": 400,
    "invalid-idempotency-key": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not-found": 404,
    "task-not-found": 404,
    "request-not-found": 404,
    "method-not-allowed": 405,
    "request-timeout": 408,
    "task-id-conflict": 409,
    "email-taken": 409,
    "superseded": 409,
    "precondition-failed": 412,
    "content-too-large": 413,
    "uri-too-long": 414,
    "unsupported-media-type": 415,
    "idempotency-key-reused": 422,
    "rate-limited": 429,
    "headers-too-large": 431,
    "internal": 500,
    "operation-dead-lettered": 500,
    "not-implemented": 501,
    "overloaded": 503,
    "not-caught-up": 503,
    "storage-unavailable": 503,
    "draining": 503,
}


class Judge:

    def __init__(self, only=None):
        self.passed, self.failures, self.only = 0, [], only
        self.lock = threading.Lock()
        self.address = None
        self.tokens = {}
        self.section = ""

    def check(self, name, holds, detail=""):
        with self.lock:
            if holds:
                self.passed += 1
            else:
                self.failures.append((f"{self.section}: {name}", str(detail)[:900]))
                print(f"FAILED {self.section}: {name}\n       {str(detail)[:900]}", flush=True)
        return holds

    def bearer(self, user="u1", **how):
        if how:
            return ("Authorization", "Bearer " + token(user, **how))
        if user not in self.tokens:
            self.tokens[user] = token(user)
        return ("Authorization", "Bearer " + self.tokens[user])

    def call(self, method, path, headers=(), body=None, user="u1", address=None, content="application/json"):
        headers = [tuple(header) for header in headers]
        names = {key.lower() for key, _ in headers}
        if user and "authorization" not in names:
            headers.append(self.bearer(user))
        if body is not None and content and "content-type" not in names:
            headers.append(("Content-Type", content))
        sent = next((value for key, value in headers if key.lower() == "x-request-id"), None)
        answer = wire.request(address or self.address, method, path, headers, body)
        self.universal(f"{method} {path[:60]}", answer, sent)
        return answer

    def expect(self, name, method, path, status, code=None, has=(), lacks=(), **how):
        """One case: the status, the code of the problem, header values ({name: value, pattern or True})."""
        answer = self.call(method, path, **how)
        good = answer.status == status and (code is None or answer.code == code)
        for key, value in dict(has).items():
            found = answer.get(key)
            good = good and found is not None and (
                value is True or (value.search(found) if hasattr(value, "search") else found == value))
        for key in lacks:
            good = good and answer.get(key) is None
        self.check(name, good, f"wanted {status} {code or ''} {dict(has) or ''} {lacks or ''}, got {answer}")
        return answer

    def faults(self, name, method, path, wanted, **how):
        """A 400 whose `errors` are exactly `wanted`: a set of (pointer, code)."""
        answer = self.expect(name, method, path, 400, "validation-failed", **how)
        errors = (answer.json or {}).get("errors") or []
        found = {(error.get("pointer"), error.get("code")) for error in errors}
        wanted = {fault if isinstance(fault, tuple) else (fault, None) for fault in wanted}
        same = {pointer for pointer, _ in wanted} == {pointer for pointer, _ in found}
        codes = all(code is None or (pointer, code) in found for pointer, code in wanted)
        self.check(name + ", its errors", same and codes, f"wanted {wanted}, got {errors}")
        self.check(name + ", details", all(error.get("detail") for error in errors), errors)
        return answer

    def universal(self, name, answer, sent=None):
        """What every answer carries, and what goes with its status."""
        wrong = []
        for key, pattern in (("Date", DATE), ("X-Request-Id", re.compile(r"^[A-Za-z0-9._-]{1,64}$"))):
            if len(answer.all(key)) != 1 or not pattern.match(answer.get(key)):
                wrong.append(f"{key}: {answer.all(key)}")
        for key, value in (("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", CSP),
                           ("Referrer-Policy", "no-referrer")):
            if key == "Content-Security-Policy" and (answer.get("Content-Type") or "").startswith("text/html"):
                continue  # a page names what it loads of its own; its case holds it to that
            if answer.all(key) != [value]:
                wrong.append(f"{key}: {answer.all(key)}")
        if len(answer.all("Cache-Control")) != 1:
            wrong.append("Cache-Control")
        if answer.get("Server") or answer.get("X-Powered-By"):
            wrong.append("tells its software")
        if sent and re.match(r"^[A-Za-z0-9._-]{1,64}$", sent) and answer.get("X-Request-Id") != sent:
            wrong.append("X-Request-Id is not the client's")
        if answer.status in (429, 503) and not re.match(r"^[1-9]\d*$", answer.get("Retry-After") or ""):
            wrong.append("no Retry-After")
        if answer.status == 401 and not re.match(r'^Bearer realm="tasklane"(, error="invalid_token")?$',
                                                 answer.get("WWW-Authenticate") or ""):
            wrong.append(f"WWW-Authenticate {answer.get('WWW-Authenticate')}")
        if answer.status == 405 and not answer.get("Allow"):
            wrong.append("no Allow")
        names = [key.lower() for key, _ in answer.headers]
        doubled = {key for key in names if names.count(key) > 1 and key not in ("vary", "link")}
        if doubled:
            wrong.append(f"twice: {doubled}")
        if answer.status in (204, 304) and (answer.body or answer.get("Content-Type")):
            wrong.append("a body or its type on 204 or 304")
        if answer.status == 204 and answer.get("Content-Length"):
            wrong.append("Content-Length on 204")
        if answer.status >= 400 and answer.body:
            wrong += self.problem(answer)
        if wrong:
            self.check(f"{name} ({answer.status}): every answer", False, f"{wrong} in {answer}")
        return not wrong

    def problem(self, answer):
        body, wrong = answer.json, []
        if answer.get("Content-Type") != "application/problem+json":
            if (answer.get("Content-Type") or "") == "application/json" and "status" in (body or {}):
                return []  # /health and /readyz say 503 in their own words
            return [f"Content-Type {answer.get('Content-Type')}"]
        if not isinstance(body, dict):
            return ["a problem that is no object"]
        code = body.get("code")
        if STATUS_OF.get(code) != answer.status or body.get("status") != answer.status:
            wrong.append(f"status {body.get('status')} of {code}")
        if body.get("type") != f"/problems/{code}" or not body.get("title"):
            wrong.append("type or title")
        if body.get("instance") != answer.get("X-Request-Id"):
            wrong.append(f"instance {body.get('instance')}")
        if not body.get("detail"):
            wrong.append("no detail")
        return wrong

    def refused(self, name, data, status=400, code=None, close=True, address=None, method="GET"):
        """Bytes on a connection of their own: one refusal, then the end, and nothing else."""
        answer, closed, rest = wire.raw(address or self.address, data, method)
        good = answer is not None and answer.status == status and (code is None or answer.code == code)
        if good and close:
            good = closed and rest == b"" and (answer.get("Connection") or "").lower() == "close"
        if answer is not None:
            self.universal(name, answer)
        self.check(name, good,
                   f"wanted {status} {code or ''} and the end; got {answer}, closed {closed}, {rest!r}")
        return answer
