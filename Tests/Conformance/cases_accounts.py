"""Accounts (docs/authentication.md): register, log in, refresh, log out; reuse, limits, and what nobody may learn."""
import json
import threading
import time

import wire
from judge import UUID

EMAIL, PASSWORD = "Ada@Example.org", "correct horse battery"


def run(judge, world):
    address, admin, process = world.deployment.ingest("accounts", TASKLANE_ACCOUNTS="on")
    desk = Desk(judge, address)
    registration(judge, desk)
    slow_commit(judge, world, desk)
    faults(judge, desk)
    sessions(judge, desk)
    limits(judge, desk)
    routes(judge, desk)
    outage(judge, world, desk)
    text = wire.request(admin, "GET", "/metrics").body.decode()
    judge.check("metrics count accounts", 'tasklane_account_requests_total{action="refresh",outcome="reuse"}' in text)
    log = open(world.deployment.path("accounts.log")).read()
    judge.check("no password and no token in the log", PASSWORD not in log and "tlr_" not in log and "eyJ" not in log)
    world.deployment.stop(process)


class Desk:
    """Posts to the account routes as clients of different addresses, as a proxy on this machine tells them."""

    def __init__(self, judge, address):
        self.judge, self.address, self.client = judge, address, 0

    def post(self, action, body, client=None, headers=()):
        if client is None:
            self.client += 1
            client = f"203.0.{self.client // 250}.{self.client % 250 + 1}"
        return self.judge.call("POST", f"/api/auth/{action}",
                               [("X-Forwarded-For", client), *headers], body=body, user=None, address=self.address)

    def register(self, email, password=PASSWORD, name="Ada", **how):
        return self.post("register", {"email": email, "password": password, "name": name}, **how)

    def log_in(self, email, password=PASSWORD, **how):
        return self.post("login", {"email": email, "password": password}, **how)

    def refresh(self, token, **how):
        return self.post("refresh", {"refresh_token": token}, **how)

    def opens(self, grant):
        """What the access token is worth at the API."""
        user = grant["user"]["id"]
        return self.judge.call("GET", f"/api/{user}/tasks", [("Authorization", "Bearer " + grant["access_token"])],
                               address=self.address).status


def registration(judge, desk):
    answer = desk.register(EMAIL)
    grant = answer.json or {}
    judge.check(
        "register: a grant", answer.status == 201 and set(grant) == {
            "user", "access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"
        } and grant["token_type"] == "Bearer" and grant["expires_in"] == 900 and
        UUID.match(grant["user"]["id"]) and grant["user"]["email"] == EMAIL and grant["user"]["name"] == "Ada", answer)
    judge.check("register: nobody keeps it", answer.get("Cache-Control") == "no-store", answer)
    judge.check("register: the token opens the API", desk.opens(grant) == 200)
    user = grant["user"]["id"]
    bearer = [("Authorization", "Bearer " + grant["access_token"])]
    seen = judge.call("GET", f"/api/users/{user}", bearer, address=desk.address).json or {}
    judge.check("register: the profile", seen.get("email") == EMAIL and seen.get("name") == "Ada", seen)
    judge.check("register: no admin", judge.call("GET", "/api/u1/tasks", bearer, address=desk.address).status == 403)
    for email in (EMAIL, EMAIL.upper(), EMAIL.lower()):
        answer = desk.register(email)
        judge.check(f"register again as {email}", answer.status == 409 and answer.code == "email-taken", answer)
    answer = desk.log_in(EMAIL.upper())
    judge.check("log in, in any case", answer.status == 200 and answer.json["user"]["id"] == user, answer)
    judge.check("log in: the token opens the API", desk.opens(answer.json) == 200)
    fixed = [("X-Request-Id", "same")]
    wrong = desk.log_in(EMAIL, "wrong horse", headers=fixed)
    nobody = desk.log_in("nobody@example.org", headers=fixed)
    judge.check("log in: a wrong password and an unknown address are one answer", wrong.status == 401 and
                wrong.body == nobody.body and wrong.code == "unauthorized", (wrong, nobody))
    for password in ("", "x", PASSWORD + " ", PASSWORD.upper(), "x" * 2000, PASSWORD + "\0", "é" * 500):
        answer = desk.log_in(f"ada{len(password)}@example.org", password)
        judge.check(f"log in with {password[:12]!r}", answer.status == 401, answer)
    answers, email = [], "many@example.org"
    threads = [threading.Thread(target=lambda: answers.append(desk.register(email).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judge.check("register at once: one is the first", sorted(answers) == [201] + [409] * 7, answers)


def slow_commit(judge, world, desk):
    """Somebody else's registration of the address takes its time to commit: who comes second waits for it."""
    statement = ("BEGIN; INSERT INTO accounts (user_id, email, email_key, name, password_hash) VALUES ('slow', "
                 "'slow@example.org', 'slow@example.org', 'S', 'x'); SELECT pg_sleep(3); COMMIT")
    thread = threading.Thread(target=world.deployment.psql, args=(statement, ))
    thread.start()
    time.sleep(0.5)
    answer = desk.register("Slow@example.org")
    thread.join()
    judge.check("register while another's commit takes three seconds", answer.status == 409 and
                answer.code == "email-taken", answer)


def faults(judge, desk):
    good = {"email": "new@example.org", "password": PASSWORD, "name": "N"}
    table = [
        ({"email": "a"}, "#/email"), ({"email": "a@b"}, "#/email"), ({"email": "a@b..c"}, "#/email"),
        ({"email": "@b.example"}, "#/email"), ({"email": "a b@c.example"}, "#/email"),
        ({"email": "a@-b.example"}, "#/email"), ({"email": "é@b.example"}, "#/email"),
        ({"email": "\u212aelvin@b.example"}, "#/email"), ({"email": "a@b.example\n"}, "#/email"),
        ({"email": "a" * 250 + "@b.example"}, "#/email"), ({"email": "a,b@c.example"}, "#/email"),
        ({"email": 1}, "#/email"), ({"email": None}, "#/email"), ({"email": ["a@b.example"]}, "#/email"),
        ({"password": "short"}, "#/password"), ({"password": "x" * 1025}, "#/password"),
        ({"password": 12345678}, "#/password"), ({"password": "é" * 7}, "#/password"),
        ({"name": ""}, "#/name"), ({"name": "  "}, "#/name"), ({"name": "a\0"}, "#/name"),
        ({"name": "a\nb"}, "#/name"), ({"name": "x" * 256}, "#/name"), ({"name": {}}, "#/name"),
        ({"admin": True}, None), ({"user_id": "u1"}, None), ({"scope": "tasklane:admin"}, None),
    ]
    for change, pointer in table:
        answer = desk.post("register", good | change)
        found = [error.get("pointer") for error in (answer.json or {}).get("errors", [])]
        judge.check(f"register {str(change)[:40]}", answer.status == 400 and answer.code == "validation-failed" and
                    len(found) == 1 and (pointer is None or found == [pointer]), answer)
        value = next(iter(change.values()))
        judge.check(f"register {str(change)[:40]}: no echo", not isinstance(value, str) or len(value) < 8 or
                    value.encode() not in answer.body, answer)
    for name in good:
        answer = desk.post("register", {key: value for key, value in good.items() if key != name})
        judge.check(f"register without {name}", answer.status == 400 and
                    [e["pointer"] for e in answer.json["errors"]] == ["#/" + name], answer)
    for text in ("", "x", "[]", "null", "{", "{}x", '"a"', json.dumps(good)[:-1] + ',"email":"z@example.org"}'):
        for action in ("register", "login", "refresh", "logout"):
            answer = desk.post(action, text)
            judge.check(f"{action} of {text[:20]!r}", answer.status == 400 and
                        answer.code in ("invalid-json", "validation-failed"), answer)
    for email, name in (("A.b+c_d@x-y.example.org", "Ä 😀"), ("a@b.co", "x" * 255), ("q!#$%&'*/=?^`{|}~@b.co", "N")):
        answer = desk.register(email, "é" * 8, name)
        judge.check(f"register {email}", answer.status == 201 and answer.json["user"]["name"] == name, answer)
        judge.check(f"log in as {email}", desk.log_in(email, "é" * 8).status == 200)
    answer = desk.post("register", "x" * 20000)
    judge.check("a large body", answer.status == 413, answer)


def sessions(judge, desk):
    first = desk.register("session@example.org").json
    second = desk.refresh(first["refresh_token"])
    judge.check("refresh: a grant", second.status == 200 and second.json["refresh_token"] != first["refresh_token"] and
                second.json["user"] == first["user"] and desk.opens(second.json) == 200, second)
    third = desk.refresh(second.json["refresh_token"])
    judge.check("refresh again", third.status == 200, third)
    stolen = desk.refresh(first["refresh_token"])
    judge.check("an old token is refused", stolen.status == 401 and stolen.code == "unauthorized", stolen)
    answer = desk.refresh(third.json["refresh_token"])
    judge.check("and ends the whole session", answer.status == 401, answer)
    judge.check("one body for both", [stolen.json[k] for k in ("detail", "code", "title")] ==
                [answer.json[k] for k in ("detail", "code", "title")])
    judge.check("another session goes on", desk.refresh(desk.log_in("session@example.org").json["refresh_token"]).status
                == 200)
    grant = desk.log_in("session@example.org").json
    token, answers = grant["refresh_token"], []
    threads = [threading.Thread(target=lambda: answers.append(desk.refresh(token).status)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judge.check("the same token at once: one at most", answers.count(200) <= 1 and
                set(answers) <= {200, 401}, answers)
    grant = desk.log_in("session@example.org").json
    for name, body, status in (("log out", {"refresh_token": grant["refresh_token"]}, 204),
                               ("log out again", {"refresh_token": grant["refresh_token"]}, 204),
                               ("log out of nothing", {"refresh_token": "tlr_x"}, 204)):
        answer = desk.post("logout", body)
        judge.check(name, answer.status == status, answer)
    judge.check("after it no refresh", desk.refresh(grant["refresh_token"]).status == 401)
    for text in ("", "x", "tlr_", "tlr_" + "A" * 64, grant["access_token"], grant["refresh_token"][:-1],
                 grant["refresh_token"] + "A", "tlk_" + "a" * 43):
        judge.check(f"refresh with {text[:12]!r}", desk.refresh(text).status == 401)
    fresh = desk.log_in("session@example.org").json
    answer = judge.call("GET", f"/api/{fresh['user']['id']}/tasks",
                        [("Authorization", "Bearer " + fresh["refresh_token"])], address=desk.address)
    judge.check("a refresh token is no access token", answer.status == 401, answer)


def limits(judge, desk):
    answers = [desk.log_in("victim@example.org", "guess %d" % i) for i in range(8)]
    judge.check("five tries at one address, then 429", [a.status for a in answers] == [401] * 5 + [429] * 3,
                [a.status for a in answers])
    judge.check("429 says when", answers[-1].code == "rate-limited" and
                1 <= int(answers[-1].get("Retry-After")) <= 30, answers[-1])
    judge.check("the limit is by address, in any case",
                desk.log_in("VICTIM@example.org", "x").status == 429)
    judge.check("others go on", desk.log_in("session@example.org").status == 200)
    flood = [desk.refresh("x", client="198.51.100.7").status for _ in range(34)]
    judge.check("thirty of one client, then 429", flood[:30] == [401] * 30 and 429 in flood[30:], flood)
    judge.check("logging out is not limited",
                desk.post("logout", {"refresh_token": "x"}, client="198.51.100.7").status == 204)
    judge.check("the last address counts, not what the client said",
                desk.refresh("x", client="192.0.2.9, 198.51.100.7").status == 429)
    six = [desk.refresh("x", client=f"2001:db8:1:2::{i:x}").status for i in range(1, 36)]
    judge.check("a /64 is one client", 429 in six[30:], six)
    time.sleep(2.1)
    judge.check("one more after two seconds", desk.refresh("x", client="198.51.100.7").status == 401)


def routes(judge, desk):
    for action in ("register", "login", "refresh", "logout"):
        for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
            answer = judge.call(method, f"/api/auth/{action}", user=None, address=desk.address)
            judge.check(f"{method} {action}", answer.status == 405 and "POST" in answer.get("Allow"), answer)
        answer = judge.call("OPTIONS", f"/api/auth/{action}", user=None, address=desk.address)
        judge.check(f"OPTIONS {action}", answer.status == 204 and "POST" in answer.get("Allow"), answer)
        answer = desk.judge.call("POST", f"/api/auth/{action}", body="a=b", user=None, address=desk.address,
                                 content="application/x-www-form-urlencoded")
        judge.check(f"{action} as a form", answer.status == 415, answer)
    for path in ("/api/auth", "/api/auth/", "/api/auth/reset", "/api/auth/login/x", "/api/auth/Login"):
        judge.check(f"no route {path}", judge.call("POST", path, body={}, user=None,
                                                   address=desk.address).status == 404)
    document = judge.call("GET", "/openapi.json", user=None, address=desk.address).json
    judge.check("openapi has the accounts", "/api/auth/login" in document["paths"])


def outage(judge, world, desk):
    grant = desk.log_in("session@example.org").json
    world.deployment.stop(world.deployment.postgres, 2)
    for name, answer in (("register", desk.register("late@example.org")), ("log in", desk.log_in("session@example.org")),
                         ("refresh", desk.refresh(grant["refresh_token"]))):
        judge.check(f"{name} without PostgreSQL", answer.status == 503 and answer.code == "storage-unavailable", answer)
    world.deployment.start_postgres()
    again = None
    end = time.monotonic() + 10
    while time.monotonic() < end and (again is None or again.status == 503):
        again = desk.refresh(grant["refresh_token"])
        time.sleep(0.2)
    judge.check("refresh when it is back", again.status == 200, again)
