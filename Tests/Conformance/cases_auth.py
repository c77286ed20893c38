"""Tokens (API.md §8): the good, and each attack on them; one body for every cause."""
import base64
import json
import time

import wire
from tokens import b64, compact, sign_raw, token

PATH = "/api/u1/tasks"


def run(judge, world):
    good(judge, world)
    bad(judge, world)
    claims(judge)
    configured(judge, world)


def ask(judge, text, address=None):
    return judge.call("GET", PATH, [("Authorization", "Bearer " + text)], address=address)


def good(judge, world):
    keys = world.keys
    for name, text in {
            "HS256": token(),
            "typ at+jwt": token(header={"typ": "at+jwt"}),
            "typ application/at+jwt in capitals": token(header={"typ": "AT+JWT"}),
            "no typ": token(drop=["typ"]),
            "typ jwt": token(header={"typ": "jwt"}),
            "RS256": keys.sign("rsa", "RS256", "r"),
            "ES256": keys.sign("ec", "ES256", "e"),
            "EdDSA": keys.sign("ed", "EdDSA", "d"),
            "Ed25519": keys.sign("ed", "Ed25519", "d"),
            "nbf in the skew": token(claims={"nbf": int(time.time()) + 20}),
            "exp in the skew": token(claims={"exp": int(time.time()) - 20}),
            "a fraction in exp": token(claims={"exp": time.time() + 60.5}),
            "unknown claims": token(claims={"x": [1, {
                "y": None
            }]}),
            "aud that nobody checks": token(claims={"aud": ["a"]})
    }.items():
        answer = ask(judge, text)
        judge.check(f"good: {name}", answer.status == 200, answer)
    answer = judge.call("GET", PATH, [("Authorization", "bearer " + token())])
    judge.check("the scheme in any case", answer.status == 200, answer)
    answer = judge.call("GET", "/api/7/tasks", [("Authorization", "Bearer " + token(7))])
    judge.check("an integer as sub", answer.status == 200, answer)


def bad(judge, world):
    keys, now = world.keys, int(time.time())
    whole = token()
    head, body, signature = whole.split(".")
    last = signature[:-1] + chr(ord(signature[-1]) + 1)
    table = {
        "none": compact({"alg": "none"}) + "." + body + ".",
        "None": compact({"alg": "None"}) + "." + body + ".",
        "NONE signed": token(header={"alg": "NONE"}),
        "none with a signature": token(header={"alg": "none"}),
        "no alg": token(drop=["alg"]),
        "alg null": token(header={"alg": None}),
        "alg list": token(header={"alg": ["HS256"]}),
        "hs256": token(header={"alg": "hs256"}),
        "HS384": token(header={"alg": "HS384"}, digest="sha384"),
        "HS512": token(header={"alg": "HS512"}, digest="sha512"),
        "HS256 called HS512": token(header={"alg": "HS512"}),
        "another secret": token(secret="x" * 40),
        "an empty secret": token(secret=""),
        "no signature": head + "." + body,
        "an empty signature": head + "." + body + ".",
        "a cut signature": whole[:-4],
        "half a signature": head + "." + body + "." + signature[:22],
        "four parts": whole + ".x",
        "five parts": whole + ".x.y",
        "padding": whole + "=",
        "non-canonical bits": head + "." + body + "." + last,
        "standard base64": base64.b64encode(b'{"alg":"HS256","x":"???>>>"}').decode() + "." + body + "." +
                           signature,
        "a space in it": head + "." + body + "." + signature[:5] + " " + signature[5:],
        "a newline by escape": whole + "%0a",
        "empty parts": "..",
        "dots": ".",
        "x": "x",
        "quoted": '"' + whole + '"',
        "the body changed": head + "." + compact({
            "sub": "u1",
            "exp": now + 9999
        }) + "." + signature,
        "crit": token(header={
            "crit": ["x"],
            "x": 1
        }),
        "b64 false": token(header={"b64": False}),
        "zip": token(header={"zip": "DEF"}),
        "enc": token(header={"enc": "A128GCM"}),
        "jwk": token(header={"jwk": {
            "kty": "oct",
            "k": b64(b"x")
        }}),
        "jku": token(header={"jku": "https://evil.example/jwks"}),
        "x5u": token(header={"x5u": "https://evil.example"}),
        "x5c": token(header={"x5c": []}),
        "crit empty": token(header={"crit": []}),
        "typ JWE": token(header={"typ": "JWE"}),
        "typ 1": token(header={"typ": 1}),
        "typ logout+jwt": token(header={"typ": "logout+jwt"}),
        "kid of nobody, HS256": token(header={"kid": "nobody"}) + "x",
        "kid path": token(header={"kid": "../../dev/null"}, secret=""),
        "kid number": token(header={"kid": 1}, secret="z" * 40),
        "expired": token(claims={"exp": now - 60}),
        "no exp": token(drop=["exp"]),
        "exp null": token(claims={"exp": None}),
        "exp text": token(claims={"exp": str(now + 60)}),
        "exp negative": token(claims={"exp": -1}),
        "exp zero": token(claims={"exp": 0}),
        "exp true": token(claims={"exp": True}),
        "nbf later": token(claims={"nbf": now + 60}),
        "nbf text": token(claims={"nbf": "x"}),
        "iat later": token(claims={"iat": now + 600}),
        "iat text": token(claims={"iat": "x"}),
        "no sub": token(drop=["sub"]),
        "no sub but email": token(drop=["sub"], claims={"email": "u1"}),
        "sub null": token(None),
        "sub empty": token(""),
        "sub list": token(["u1"]),
        "sub object": token({"u1": 1}),
        "sub true": token(True),
        "sub fraction": token(1.5),
        "sub too long": token("u" * 65),
        "sub with a space": token("u 1"),
        "sub with NUL": token("u1\0"),
        "sub é": token("é"),
        "sub reserved": token("requests"),
        "sub negative": token(-1),
        "sub twice": sign_raw(b'{"alg":"HS256"}', b'{"sub":"u1","sub":"u1","exp":%d}' % (now + 60)),
        "exp twice": sign_raw(b'{"alg":"HS256"}', b'{"sub":"u1","exp":1,"exp":%d}' % (now + 60)),
        "alg twice": sign_raw(b'{"alg":"none","alg":"HS256"}',
                              compact({}).encode()),
        "no JSON": sign_raw(b'{"alg":"HS256"}', b"x"),
        "a list": sign_raw(b'{"alg":"HS256"}', b"[]"),
        "a trailing comma": sign_raw(b'{"alg":"HS256"}', b'{"sub":"u1","exp":%d,}' % (now + 60)),
        "trailing data": sign_raw(b'{"alg":"HS256"}', b'{"sub":"u1","exp":%d}x' % (now + 60)),
        "invalid UTF-8": sign_raw(b'{"alg":"HS256"}', b'{"sub":"u1","exp":%d,"x":"\xff"}' % (now + 60)),
        "a BOM": sign_raw(b'\xef\xbb\xbf{"alg":"HS256"}',
                          json.dumps({
                              "sub": "u1",
                              "exp": now + 60
                          }).encode()),
        "deep": sign_raw(b'{"alg":"HS256"}',
                         b'{"sub":"u1","exp":%d,"x":%s}' % (now + 60, b"[" * 1000 + b"]" * 1000)),
        "RS256 by a stranger": keys.sign("stranger", "EdDSA", "d"),
        "key confusion, PEM": token(header={"kid": "r"}, secret=keys.pem("rsa")),
        "key confusion, DER": token(header={"kid": "r"}, secret=keys.der("rsa")),
        "key confusion, no kid": token(secret=keys.pem("rsa")),
        "key confusion, stripped": token(secret=keys.pem("rsa").strip()),
        "confusion of Ed25519": token(header={"kid": "d"}, secret=keys.der("ed")[-32:]),
        "symmetric key of the JWKS": token(header={"kid": "oct"}, secret=b"x" * 40),
        "RS256 under ES256's kid": keys.sign("rsa", "RS256", "e"),
        "ES256 called RS256": keys.sign("ec", "RS256", "r"),
        "PS256": keys.sign("rsa", "PS256", "r"),
        "RS512": keys.sign("rsa", "RS512", "r"),
        "ES256 in DER": keys.ec_der(),
        "ES256 of zeros": ".".join(keys.sign("ec", "ES256", "e").split(".")[:2]) + "." + b64(b"\0" * 64),
        "EdDSA of zeros": ".".join(keys.sign("ed", "EdDSA", "d").split(".")[:2]) + "." + b64(b"\0" * 64),
        "RS256 of an unknown kid": keys.sign("rsa", "RS256", "zz"),
        "EdDSA expired": keys.sign("ed", "EdDSA", "d", exp=now - 60),
        "tlk_": "tlk_" + "a" * 43,
        "long": "a." * 3000,
    }
    bodies = set()
    for name, text in table.items():
        answer = judge.call("GET",
                            PATH, [("Authorization", "Bearer " + text), ("X-Request-Id", "same")],
                            user=None)
        judge.check(f"bad: {name}", answer.status == 401 and answer.code == "unauthorized", answer)
        judge.check(
            f"bad: {name}: error", 'error="invalid_token"' in (answer.get("WWW-Authenticate") or "")
            or name in ("a space in it", ), answer)
        bodies.add(answer.body)
    bodies.add(judge.call("GET", PATH, [("X-Request-Id", "same")], user=None).body)
    judge.check("one body for every cause", len(bodies) == 1, bodies)
    answer = judge.expect("no token",
                          "GET",
                          PATH,
                          401,
                          user=None,
                          has={"WWW-Authenticate": 'Bearer realm="tasklane"'})
    judge.check("a token in the query is none",
                judge.call("GET", PATH + "?access_token=" + whole, user=None).status == 401)
    judge.check("a token in a cookie is none",
                judge.call("GET", PATH, [("Cookie", "token=" + whole)], user=None).status == 401, answer)
    data = f"GET {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {whole}, Bearer {whole}\r\n\r\n".encode()
    answer, _, _ = wire.raw(judge.address, data)
    judge.check("two tokens in one header", answer and answer.status in (400, 401), answer)


def claims(judge):
    for scope, status in (("tasklane:admin", 403), ("tasklane:admin2", 403), (["tasklane:admin"], 403)):
        answer = judge.call("GET", "/api/u2/tasks", [judge.bearer("u1", claims={"scope": scope})])
        judge.check(f"scope {scope} opens no user's tasks", answer.status == status, answer)
    judge.call("POST",
               "/api/claims/tasks",
               [judge.bearer("claims", claims={
                   "email": "x@y.z",
                   "name": "N"
               }), ("Prefer", "wait=10")],
               body={"title": "a"})
    seen = judge.call("GET", "/api/users/claims", user="claims").json
    judge.check("the profile is kept",
                seen.get("email") == "x@y.z" and seen.get("name") == "N" and seen.get("created_at"), seen)
    for name, value in (("email", 1), ("email", "a" * 5000), ("name", {
            "a": 1
    }), ("name", "a\0b"), ("email", ["a"])):
        answer = judge.call("POST",
                            "/api/odd/tasks",
                            [judge.bearer("odd", claims={name: value}), ("Prefer", "wait=10")],
                            body={"title": "a"})
        judge.check(f"odd claim {name}={str(value)[:12]}", answer.status in (201, 401), answer)


def configured(judge, world):
    address, _, process = world.deployment.ingest("issuer",
                                                  TASKLANE_JWT_ISSUER="https://issuer.example",
                                                  TASKLANE_JWT_AUDIENCE="tasklane",
                                                  TASKLANE_JWT_SECRETS="k2:" +
                                                  "n3wQ-7uYx0pLs9dKf3mVb8zHt6RjWc1Xe" + ",k1:" +
                                                  "0ldT-4gNa2qEo5iUy8wPz6vCx1MbLk7Jh")
    right = {"iss": "https://issuer.example", "aud": "tasklane"}
    for name, text, status in (("right", token(claims=right),
                                200), ("aud list", token(claims=right | {"aud": ["x", "tasklane"]}),
                                       200), ("no iss", token(claims={"aud": "tasklane"}),
                                              401), ("no aud", token(claims={"iss": right["iss"]}), 401),
                               ("another iss", token(claims=right | {"iss": "https://issuer.example/"}),
                                401), ("another aud", token(claims=right | {"aud": "tasklane2"}),
                                       401), ("aud empty", token(claims=right | {"aud": []}),
                                              401), ("aud number", token(claims=right | {"aud": 1}), 401),
                               ("iss list", token(claims=right | {"iss": ["https://issuer.example"]}),
                                401), ("by k2",
                                       token(claims=right,
                                             header={"kid": "k2"},
                                             secret="n3wQ-7uYx0pLs9dKf3mVb8zHt6RjWc1Xe"),
                                       200), ("by k1",
                                              token(claims=right,
                                                    header={"kid": "k1"},
                                                    secret="0ldT-4gNa2qEo5iUy8wPz6vCx1MbLk7Jh"),
                                              200), ("k1 named k2",
                                                     token(claims=right,
                                                           header={"kid": "k2"},
                                                           secret="0ldT-4gNa2qEo5iUy8wPz6vCx1MbLk7Jh"), 401)):
        answer = ask(judge, text, address)
        judge.check(f"configured: {name}", answer.status == status, answer)
    world.deployment.stop(process)
