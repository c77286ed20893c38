"""API keys (docs/authentication.md) and JWKS by URL (API.md §8): rotation, unknown kids, sources that fail."""
import http.server
import json
import os
import signal
import threading
import time

from tokens import compact, token

READ, WRITE = "/api/robot/tasks", {"title": "k"}


def run(judge, world):
    source = Source()
    address, admin, process = world.deployment.ingest("jwks", TASKLANE_JWKS_URL=source.url, BETTER_AUTH_SECRET="")
    late = threading.Thread(target=rotation, args=(judge, world, source, address, process))
    late.start()
    api_keys(judge, world)
    file(judge, world)
    starts(judge, world)
    late.join()
    world.deployment.stop(process)
    source.close()


def ask(judge, text, address=None, path=READ, method="GET", body=None):
    return judge.call(method, path, [("Authorization", "Bearer " + text), ("X-Request-Id", "same")], body=body,
                      address=address)


def api_keys(judge, world):
    control = world.deployment.control
    made = json.loads(control("key", "create", "--user", "robot", "--name", "nightly", "--json").stdout)
    key = made["key"]
    judge.check("a key", key.startswith("tlk_") and len(key) >= 47, made)
    answer = ask(judge, key, method="POST", body=WRITE)
    judge.check("a key writes", answer.status == 202, answer)
    judge.check("a key reads", ask(judge, key, path=f"/api/requests/{answer.json['id']}?wait=10").json["done"])
    judge.check("a key is one user's", ask(judge, key, path="/api/u1/tasks").status == 403)
    profile = ask(judge, key, path="/api/users/robot")
    judge.check("a key's profile", profile.status == 200 and profile.json["id"] == "robot", profile)
    operator, _ = raw_admin(judge, world, key)
    judge.check("a key is no operator", operator == 403, operator)
    unsigned = judge.call("GET", READ, [("X-Request-Id", "same")], user=None)
    for name, text in (("another", key[:9] + ("A" if key[9] != "A" else "B") + key[10:]), ("cut", key[:-1]), ("longer", key + "a"), ("prefix", "tlk_"),
                       ("case", key[:4] + key[4:].swapcase()), ("capitals", "TLK_" + key[4:]),
                       ("not base64", "tlk_" + "!" * 43), ("its id", made["id"]),
                       ("a JWT behind it", "tlk_" + token("robot")), ("escaped", key.replace("_", "%5f"))):
        answer = ask(judge, text)
        judge.check(f"a bad key: {name}", answer.status == 401 and answer.body == unsigned.body, answer)
    listed = control("key", "list", "--json").stdout
    judge.check("the list has it, not the key", made["id"] in listed and key not in listed, listed)
    dump = world.deployment.psql("SELECT * FROM api_keys")
    judge.check("the table has a hash alone", key not in dump and key[4:] not in dump, dump)
    short = json.loads(control("key", "create", "--user", "robot", "--name", "s", "--expires", "3s", "--json").stdout)
    judge.check("a key that ends is good", ask(judge, short["key"]).status == 200)
    fresh = json.loads(control("key", "create", "--user", "robot", "--name", "f", "--json").stdout)["key"]
    outage(judge, world, key, fresh)
    time.sleep(3.2)
    judge.check("and then is not", ask(judge, short["key"]).status == 401)
    done = control("key", "revoke", made["id"])
    judge.check("revoke", done.returncode == 0, done)
    began = time.monotonic()
    while time.monotonic() < began + 7 and ask(judge, key).status == 200:
        time.sleep(0.1)
    judge.check("revoked within five seconds", time.monotonic() - began < 5.3 and ask(judge, key).status == 401,
                time.monotonic() - began)
    judge.check("revoked again", control("key", "revoke", made["id"]).returncode in (0, 1))
    audit = world.deployment.psql("SELECT string_agg(action, ' ' ORDER BY at) FROM audit WHERE action LIKE 'key.%'")
    judge.check("audit of keys", audit.startswith("key.create key.create key.create key.revoke"), audit)


def raw_admin(judge, world, text):
    answer = judge.call("GET", "/ops/api/overview", [("Authorization", "Bearer " + text)], address=world.admin)
    return answer.status, answer


def outage(judge, world, key, fresh):
    judge.check("before the outage", ask(judge, key).status == 200)
    world.deployment.stop(world.deployment.postgres, signal.SIGINT)
    good, began = [], time.monotonic()
    while time.monotonic() < began + 6.5:
        good.append(ask(judge, key, method="POST", body=WRITE).status)
        time.sleep(0.25)
    judge.check("without PostgreSQL a known key goes on writing", set(good) == {202}, good)
    answer = ask(judge, fresh)
    judge.check("without PostgreSQL an unknown key is 503", answer.status == 503 and
                answer.code == "storage-unavailable", answer)
    judge.check("JWTs go on", judge.call("POST", "/api/u1/tasks", body=WRITE).status == 202)
    world.deployment.start_postgres()


class Source:
    """A JWKS on loopback that counts who asks."""

    def __init__(self):
        self.body, self.status, self.count, self.delay = b'{"keys":[]}', 200, 0, 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):

            def do_GET(self):
                outer.count += 1
                time.sleep(outer.delay)
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):

            def handle_error(self, *_):
                pass  # a client that hangs up on a huge document is what the case is about

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def keys(self, *keys):
        self.body = json.dumps({"keys": list(keys)}).encode()

    def close(self):
        self.server.shutdown()


def rotation(judge, world, source, address, process):
    """A source that begins empty; the first refresh for an unknown kid is allowed 30 s after the start's."""
    keys, began = world.keys, time.monotonic()

    def see(text):
        # A request id of nobody: asks no store, one of which another case stops meanwhile.
        answer = judge.call("GET", "/api/requests/01900000-0000-7000-8000-000000000001",
                            [("Authorization", "Bearer " + text)], address=address)
        return {404: 200}.get(answer.status, answer.status)

    rsa, ec, ed = keys.sign("rsa", "RS256", "r"), keys.sign("ec", "ES256", "e"), keys.sign("ed", "EdDSA", "d")
    judge.check("an empty set: nobody", see(rsa) == 401)
    source.keys(keys.rsa(), keys.ec(), {"kty": "oct", "k": compact(b"x" * 40), "kid": "o"},
                {"kty": "EC", "crv": "P-384", "kid": "p", "x": "AA", "y": "AA"}, {"kty": "new"}, {})
    count = source.count
    answers = [see(rsa) for _ in range(50)]
    judge.check("no fetch within 30 s of the last, however many ask", source.count == count and
                set(answers) == {401}, (source.count, count))
    while time.monotonic() < began + 31.5:
        time.sleep(0.2)
    source.delay, seen = 0.5, []
    threads = [threading.Thread(target=lambda: seen.append(see(rsa))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judge.check("an unknown kid fetches once for all who wait", seen == [200] * 20 and source.count == count + 1,
                (seen, source.count - count))
    source.delay = 0
    judge.check("the second key is there too", see(ec) == 200)
    judge.check("keys of other kinds are skipped", see(token(header={"kid": "o"}, secret=b"x" * 40)) == 401)
    judge.check("HS256 without a secret", see(token()) == 401)
    source.keys(keys.ed())
    process.send_signal(signal.SIGHUP)
    await_true(lambda: see(ed) == 200)
    judge.check("SIGHUP reads the set again: the new key in, the old out", (see(ed), see(rsa), see(ec)) == (200, 401, 401),
                (see(ed), see(rsa), see(ec)))
    for name, body, status in (("an error", b"no", 500), ("no JSON", b"<html>", 200), ("another document", b"[]", 200),
                               ("too many keys", json.dumps({"keys": [keys.ed()] * 65}).encode(), 200),
                               ("a redirect", b"", 302), ("a huge document", b" " * (3 << 20), 200)):
        source.body, source.status, count = body, status, source.count
        process.send_signal(signal.SIGHUP)
        await_true(lambda: source.count > count)
        time.sleep(0.3)
        judge.check(f"a source with {name}: the keys of before stay", see(ed) == 200)
    source.status = 200
    source.keys(dict(keys.ed(), use="enc"))
    count = source.count
    process.send_signal(signal.SIGHUP)
    await_true(lambda: see(ed) == 401)
    judge.check("a key for encryption is none", see(ed) == 401)


def await_true(condition, seconds=6):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.05)


def file(judge, world):
    keys, path = world.keys, world.deployment.path("own.json")

    def write(*some):
        with open(path, "w") as out:
            json.dump({"keys": list(some)}, out)

    nameless = {name: value for name, value in keys.rsa().items() if name != "kid"}
    write(nameless, dict(keys.ec(), alg="ES384"), dict(keys.ed(), key_ops=["sign"]))
    address, _, process = world.deployment.ingest("file", TASKLANE_JWKS_FILE=path)

    def see(text):
        return judge.call("GET", "/api/u1/tasks", [("Authorization", "Bearer " + text)], address=address).status

    judge.check("a key without kid, a token without kid", see(keys.sign("rsa", "RS256", None)) == 200)
    judge.check("a key for another algorithm is skipped", see(keys.sign("ec", "ES256", "e")) == 401)
    judge.check("a key that may only sign is skipped", see(keys.sign("ed", "EdDSA", "d")) == 401)
    judge.check("HS256 beside it", see(token()) == 200)
    write(keys.ed())
    process.send_signal(signal.SIGHUP)
    await_true(lambda: see(keys.sign("ed", "EdDSA", "d")) == 200)
    judge.check("SIGHUP reads the file again", see(keys.sign("ed", "EdDSA", "d")) == 200)
    os.unlink(path)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.6)
    judge.check("a file that is gone leaves the keys", see(keys.sign("ed", "EdDSA", "d")) == 200)
    world.deployment.stop(process)


def starts(judge, world):
    for name, settings, word in (("http elsewhere", {"TASKLANE_JWKS_URL": "http://issuer.example/jwks"}, "TASKLANE_JWKS_URL"),
                                 ("no URL", {"TASKLANE_JWKS_URL": "jwks"}, "TASKLANE_JWKS_URL"),
                                 ("no file", {"TASKLANE_JWKS_FILE": "/nonexistent"}, "TASKLANE_JWKS_FILE"),
                                 ("a file without keys", {"TASKLANE_JWKS_FILE": "/dev/null"}, "TASKLANE_JWKS_FILE"),
                                 ("both", {"TASKLANE_JWKS_FILE": world.keys.jwks,
                                           "TASKLANE_JWKS_URL": "https://a.example/"}, "TASKLANE_JWKS_URL")):
        code, said = world.deployment.fails("tasklane-ingest", settings)
        judge.check(f"refuses to start: {name}", code not in (0, None) and word in said, (code, said))
