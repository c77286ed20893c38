"""Redis and PostgreSQL by name and through TLS: daemons and command, good certificates and bad ones."""
import os
import pwd
import subprocess
import time

from cases_stores import until
from deployment import BIN, Deployment, free_port

BODY = {"title": "t"}


def run(judge, world):
    deployment = Secure()
    try:
        deployment.start()
        named(judge, deployment)
        refused(judge, deployment)
    finally:
        deployment.end()


class Secure(Deployment):
    """Stores that speak TLS alone, on ports of their own, with certificates for `localhost`."""

    def __init__(self):
        super().__init__()
        self.redis_port, self.postgres_port = free_port(), free_port()
        self.authority("ca")
        self.authority("stranger")
        self.certificate("server", "localhost")
        self.certificate("other", "elsewhere.example")
        self.certificate("old", "localhost", days="-1")
        self.environment |= {"REDIS_URL": f"rediss://localhost:{self.redis_port}",
                             "DATABASE_URL": self.database("verify-full"), "SSL_CERT_FILE": self.path("ca.crt")}

    def database(self, mode, authority="ca"):
        return (f"postgresql://postgres@localhost:{self.postgres_port}/tasklane?sslmode={mode}&sslrootcert="
                f"{self.path(authority + '.crt')}")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout",
                     self.path(name + ".key"), "-out", self.path(name + ".crt"))

    def certificate(self, name, host, days="2"):
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", self.path(name + ".key"),
                     "-out", self.path(name + ".csr"))
        with open(self.path(name + ".ext"), "w") as file:
            file.write(f"subjectAltName=DNS:{host}")
        self.openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.crt"), "-CAkey",
                     self.path("ca.key"), "-CAcreateserial", "-days", days, "-extfile", self.path(name + ".ext"), "-out",
                     self.path(name + ".crt"))

    def start_redis(self, certificate="server"):
        self.redis = self.spawn([
            "redis-server", "--port", "0", "--unixsocket", self.redis_socket, "--tls-port", str(self.redis_port),
            "--bind", "127.0.0.1", "--tls-cert-file", self.path(certificate + ".crt"), "--tls-key-file",
            self.path(certificate + ".key"), "--tls-ca-cert-file", self.path("ca.crt"), "--tls-auth-clients", "no",
            "--appendonly", "yes", "--save", "", "--dir", self.directory
        ], "redis")
        self.await_true(lambda: self.redis_cli("PING") == "PONG", "redis")

    def postgres_options(self):
        key = self.path("server.key")
        if self.as_postgres:
            user = pwd.getpwnam("postgres")
            os.chown(key, user.pw_uid, user.pw_gid)
        os.chmod(key, 0o600)
        return ["-c", "listen_addresses=127.0.0.1", "-p", str(self.postgres_port), "-c", "ssl=on", "-c",
                "ssl_cert_file=" + self.path("server.crt"), "-c", "ssl_key_file=" + key]

    def psql(self, statement, database="tasklane"):
        os.environ["PGPORT"] = str(self.postgres_port)
        try:
            return super().psql(statement, database)
        finally:
            del os.environ["PGPORT"]


def named(judge, deployment):
    address, _, process = deployment.ingest("secure")
    worker, _ = deployment.worker("worker")
    answer = judge.call("POST", "/api/tls/tasks", [("Prefer", "wait=20")], body=BODY, user="tls", address=address)
    judge.check("through TLS: written and applied", answer.status == 201, answer)
    judge.check("through TLS: read", judge.call("GET", "/api/tls/tasks", user="tls", address=address).status == 200)
    sessions = deployment.psql("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                               "WHERE ssl AND application_name LIKE 'tasklane-%'")
    judge.check("every session is encrypted", int(sessions) >= 3, sessions)
    for arguments in (("status", "--json"), ("fsck", ), ("lanes", "--json"), ("dead", "list")):
        done = deployment.control(*arguments)
        judge.check(f"through TLS: tasklane {' '.join(arguments)}", done.returncode == 0, done)
    deployment.stop(deployment.redis)
    judge.check("Redis away", until(lambda: judge.call(
        "POST", "/api/tls/tasks", body=BODY, user="tls", address=address).status == 503))
    deployment.start_redis("old")
    judge.check("an expired certificate is refused, and told", until(
        lambda: "certificate" in log_of(deployment, "secure"), 8), log_of(deployment, "secure")[-600:])
    judge.check("an expired certificate: no write", judge.call(
        "POST", "/api/tls/tasks", body=BODY, user="tls", address=address).status == 503)
    deployment.stop(deployment.redis)
    deployment.start_redis()
    judge.check("a good one again", until(lambda: judge.call(
        "POST", "/api/tls/tasks", [("Prefer", "wait=20")], body=BODY, user="tls", address=address).status == 201, 30))
    deployment.stop(process)
    deployment.stop(worker)


def log_of(deployment, name):
    with open(deployment.path(name + ".log")) as file:
        return file.read()


def refused(judge, deployment):
    for name, settings, word in (
        ("Redis of a stranger's authority", {"SSL_CERT_FILE": deployment.path("stranger.crt"),
                                             "DATABASE_URL": deployment.database("require", "ca")}, "certificate"),
        ("Redis without TLS", {"REDIS_URL": f"redis://localhost:{deployment.redis_port}"}, "Redis"),
        ("Redis by its address", {"REDIS_URL": f"rediss://127.0.0.1:{deployment.redis_port}"}, "certificate"),
        ("a name that nobody has", {"REDIS_URL": "redis://nobody.invalid:6379"}, "nobody.invalid"),
        ("a port where nobody is", {"REDIS_URL": f"redis://localhost:{free_port()}"}, "refused"),
    ):
        done = subprocess.run([BIN + "/tasklane", "lanes"], env=deployment.environment | settings,
                              capture_output=True, text=True, timeout=30)
        judge.check(f"{name}: tasklane says why", done.returncode == 1 and word in done.stderr and
                    len(done.stderr.splitlines()) == 1, done)
        address, _, process = deployment.ingest("bad", **settings)
        began = time.monotonic()
        answer = judge.call("POST", "/api/tls/tasks", body=BODY, user="tls", address=address)
        judge.check(f"{name}: 503 at once", answer.status == 503 and time.monotonic() - began < 1.5 and
                    answer.json.get("accepted") is False, (answer, time.monotonic() - began))
        judge.check(f"{name}: reads go on", judge.call("GET", "/api/tls/tasks", user="tls", address=address).status
                    == 200)
        judge.check(f"{name}: the log says why", until(lambda: word in log_of(deployment, "bad"), 8),
                    log_of(deployment, "bad")[-500:])
        deployment.stop(process)
        os.unlink(deployment.path("bad.log"))
    for name, url, word in (("of a stranger's authority", deployment.database("verify-full", "stranger"), "certificate"),
                            ("by another name", deployment.database("verify-full").replace("localhost", "127.0.0.1"),
                             "127.0.0.1"),
                            ("that nobody has", deployment.database("require").replace("localhost", "nobody.invalid"),
                             "nobody.invalid")):
        settings = {"DATABASE_URL": url}
        address, _, process = deployment.ingest("bad", **settings)
        began = time.monotonic()
        answer = judge.call("POST", "/api/tls/tasks", body=BODY, user="tls", address=address)
        judge.check(f"PostgreSQL {name}: accepted all the same", answer.status == 202 and
                    time.monotonic() - began < 1.5, (answer, time.monotonic() - began))
        judge.check(f"PostgreSQL {name}: reads 503", judge.call(
            "GET", "/api/tls/tasks", user="tls", address=address).status == 503)
        judge.check(f"PostgreSQL {name}: the log says why", until(lambda: word in log_of(deployment, "bad"), 8),
                    log_of(deployment, "bad")[-500:])
        deployment.stop(process)
        os.unlink(deployment.path("bad.log"))
