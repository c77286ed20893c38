"""JSON Web Tokens, good and bad. Asymmetric signatures come from the openssl command."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import time

from deployment import SECRET


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return b64(value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode())


def token(sub="u1", secret=SECRET, header=None, claims=None, drop=(), digest="sha256"):
    head = {"alg": "HS256", "typ": "JWT"} | (header or {})
    body = {"sub": sub, "exp": int(time.time()) + 3600} | (claims or {})
    for name in drop:
        head.pop(name, None)
        body.pop(name, None)
    signed = compact(head) + "." + compact(body)
    mac = hmac.new(secret if isinstance(secret, bytes) else secret.encode(), signed.encode(), digest).digest()
    return signed + "." + b64(mac)


def sign_raw(head, body, secret=SECRET):
    """A signed token of two texts as they are, for faults that `json` would not write."""
    signed = compact(head) + "." + compact(body)
    return signed + "." + b64(hmac.new(secret.encode(), signed.encode(), "sha256").digest())


class Keys:
    """RSA, P-256 and Ed25519 keys, their JWKS file, and what they sign."""

    def __init__(self, directory):
        self.directory = directory
        self.make("rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        self.make("ec", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.make("ed", "-algorithm", "ED25519")
        self.make("stranger", "-algorithm", "ED25519")
        self.jwks = os.path.join(directory, "jwks.json")
        with open(self.jwks, "w") as file:
            json.dump(
                {
                    "keys": [
                        self.rsa(),
                        self.ec(),
                        self.ed(), {
                            "kty": "oct",
                            "k": compact(b"x" * 40),
                            "alg": "HS256",
                            "kid": "oct"
                        }
                    ]
                }, file)

    def path(self, name):
        return os.path.join(self.directory, name + ".pem")

    def make(self, name, *how):
        subprocess.run(["openssl", "genpkey", *how, "-out", self.path(name)], check=True, capture_output=True)

    def der(self, name):
        return subprocess.run(["openssl", "pkey", "-in",
                               self.path(name), "-pubout", "-outform", "DER"],
                              check=True,
                              capture_output=True).stdout

    def pem(self, name):
        return subprocess.run(["openssl", "pkey", "-in", self.path(name), "-pubout"],
                              check=True,
                              capture_output=True).stdout

    def rsa(self):
        modulus = subprocess.run(
            ["openssl", "rsa", "-in", self.path("rsa"), "-noout", "-modulus"],
            check=True,
            capture_output=True,
            text=True).stdout.strip().split("=")[1]
        return {
            "kty": "RSA",
            "kid": "r",
            "alg": "RS256",
            "use": "sig",
            "n": b64(bytes.fromhex(modulus)),
            "e": "AQAB"
        }

    def ec(self):
        point = self.der("ec")[-64:]
        return {
            "kty": "EC",
            "crv": "P-256",
            "kid": "e",
            "alg": "ES256",
            "x": b64(point[:32]),
            "y": b64(point[32:])
        }

    def ed(self):
        return {"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": b64(self.der("ed")[-32:])}

    def sign(self, name, algorithm, kid, sub="u1", **claims):
        head = {"alg": algorithm, "kid": kid}
        if kid is None:
            del head["kid"]
        signed = compact(head) + "." + compact({"sub": sub, "exp": int(time.time()) + 600} | claims)
        source = os.path.join(self.directory, "signed")
        with open(source, "w") as file:
            file.write(signed)
        if name in ("ed", "stranger"):
            how = ["pkeyutl", "-sign", "-rawin", "-inkey", self.path(name), "-in", source]
        else:
            how = ["dgst", "-sha256", "-sign", self.path(name), source]
        signature = subprocess.run(["openssl", *how], check=True, capture_output=True).stdout
        if name == "ec" and algorithm == "ES256":
            signature = raw_ecdsa(signature)
        return signed + "." + b64(signature)

    def ec_der(self):
        signed = compact({
            "alg": "ES256",
            "kid": "e"
        }) + "." + compact({
            "sub": "u1",
            "exp": int(time.time()) + 600
        })
        source = os.path.join(self.directory, "signed")
        with open(source, "w") as file:
            file.write(signed)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign",
                                    self.path("ec"), source],
                                   check=True,
                                   capture_output=True).stdout
        return signed + "." + b64(signature)


def raw_ecdsa(der):
    parts, place = [], 2
    for _ in range(2):
        length = der[place + 1]
        parts.append(der[place + 2:place + 2 + length].lstrip(b"\0").rjust(32, b"\0"))
        place += 2 + length
    return b"".join(parts)


def siphash(key, message):
    """SipHash-2-4, 64 bits."""
    mask = (1 << 64) - 1
    one, two = (int.from_bytes(key[i:i + 8], "little") for i in (0, 8))
    v = [one ^ 0x736F6D6570736575, two ^ 0x646F72616E646F6D, one ^ 0x6C7967656E657261, two ^ 0x7465646279746573]

    def turn(value, bits):
        return (value << bits | value >> 64 - bits) & mask

    def rounds(count):
        for _ in range(count):
            for a, b, bits, c, d, more in ((0, 1, 13, 2, 3, 16), (2, 1, 17, 0, 3, 21)):
                v[a] = (v[a] + v[b]) & mask
                v[b] = turn(v[b], bits) ^ v[a]
                v[a] = turn(v[a], 32)
                v[c] = (v[c] + v[d]) & mask
                v[d] = turn(v[d], more) ^ v[c]

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) & 255])
    for place in range(0, len(padded), 8):
        word = int.from_bytes(padded[place:place + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def request_id(key, user, milliseconds, counter=1):
    """A request id as ingest makes them: UUIDv7 whose last 32 bits are a MAC of the rest and the user."""
    head = milliseconds.to_bytes(6, "big") + (0x7000).to_bytes(2, "big") + (0x80000000 | counter).to_bytes(
        4, "big")
    code = siphash(hmac.new(key, b"request id", hashlib.sha256).digest()[:16], head + user.encode())
    text = (head + (code & 0xFFFFFFFF).to_bytes(4, "big")).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
