"""Private Redis, PostgreSQL and the built executables, in a temporary directory; stopped by their process ids."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.path.abspath(os.environ.get("TASKLANE_BIN", os.path.join(ROOT, ".build", "debug")))
SECRET = "a-secret-for-conformance-Zq8vN2mK7xW4-only"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def postgres_bin():
    for version in range(20, 13, -1):
        path = f"/usr/lib/postgresql/{version}/bin"
        if os.path.exists(path):
            return path
    return os.path.dirname(shutil.which("postgres") or "/usr/bin/postgres")


class Deployment:

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="tasklane-contract-")
        os.chmod(self.directory, 0o755)
        self.processes = []
        self.as_postgres = []
        if os.getuid() == 0:
            self.as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self.redis_socket = self.path("redis.sock")
        self.environment = {
            "PATH": os.environ["PATH"],
            "BETTER_AUTH_SECRET": SECRET,
            "REDIS_URL": "unix://" + self.redis_socket,
            "DATABASE_URL": "postgresql:///tasklane?user=postgres&host=" +
                            urllib.parse.quote(self.path("pg"), safe=""),
            "TASKLANE_LANES": "4",
            "TASKLANE_LOG_FORMAT": "json",
            "TASKLANE_INGEST_THREADS": "2",
        }

    def path(self, name):
        return os.path.join(self.directory, name)

    def spawn(self, arguments, name, **options):
        log = open(self.path(name + ".log"), "ab")
        process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)
        process.label = name
        self.processes.append(process)
        return process

    def start_redis(self):
        self.redis = self.spawn([
            "redis-server", "--port", "0", "--unixsocket", self.redis_socket, "--appendonly", "yes",
            "--appendfsync", "everysec", "--save", "", "--dir", self.directory, "--enable-protected-configs", "yes"
        ], "redis")
        self.await_true(lambda: self.redis_cli("PING") == "PONG", "redis")

    def redis_cli(self, *arguments):
        done = subprocess.run(["redis-cli", "-s", self.redis_socket, *arguments],
                              capture_output=True,
                              text=True)
        return done.stdout.strip()

    def start_postgres(self):
        for name in ("pg", "data"):
            if not os.path.exists(self.path(name)):
                os.mkdir(self.path(name))
                if os.getuid() == 0:
                    user = pwd.getpwnam("postgres")
                    os.chown(self.path(name), user.pw_uid, user.pw_gid)
        os.chmod(self.path("data"), 0o700)
        if not os.path.exists(self.path("data/PG_VERSION")):
            subprocess.run(self.as_postgres + [
                postgres_bin() + "/initdb", "-D",
                self.path("data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
            ],
                           check=True,
                           capture_output=True,
                           cwd="/")
        self.postgres = self.spawn(self.as_postgres + [
            postgres_bin() + "/postgres", "-D",
            self.path("data"), "-k",
            self.path("pg"), "-c", "fsync=off", *self.postgres_options()
        ],
                                   "postgres",
                                   cwd="/")
        self.await_true(lambda: self.psql("SELECT 1", "postgres") == "1", "postgres")

    def postgres_options(self):
        return ["-c", "listen_addresses="]

    def psql(self, statement, database="tasklane"):
        done = subprocess.run(
            ["psql", "-h",
             self.path("pg"), "-U", "postgres", "-d", database, "-XAtqc", statement],
            capture_output=True,
            text=True)
        return done.stdout.strip() if done.returncode == 0 else done.stderr

    def stop(self, process, how=signal.SIGTERM, seconds=40):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.processes:
            self.processes.remove(process)
        return process.returncode

    def await_true(self, condition, what, seconds=40):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return True
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit(f"{what} did not come: see {self.directory}")

    def control(self, *arguments, **settings):
        return subprocess.run([BIN + "/tasklane", *arguments],
                              env=self.environment | settings,
                              capture_output=True,
                              text=True,
                              timeout=60)

    def ingest(self, name="ingest", **settings):
        """Starts an ingest; gives (address, admin address, process)."""
        port, admin = free_port(), free_port()
        environment = self.environment | settings | {
            "TASKLANE_LISTEN": f"127.0.0.1:{port}",
            "TASKLANE_ADMIN_LISTEN": f"127.0.0.1:{admin}"
        }
        process = self.spawn([BIN + "/tasklane-ingest"], name, env=environment)
        self.await_port(port, process, name)
        return ("127.0.0.1", port), ("127.0.0.1", admin), process

    def worker(self, name="worker", **settings):
        admin = free_port()
        environment = self.environment | settings | {"TASKLANE_WORKER_ADMIN_LISTEN": f"127.0.0.1:{admin}"}
        return self.spawn([BIN + "/tasklane-worker"], name, env=environment), ("127.0.0.1", admin)

    def fails(self, program, settings, seconds=10):
        """Starts a daemon that should not: (exit status or None, what it said)."""
        environment = self.environment | {
            "TASKLANE_LISTEN": "127.0.0.1:0",
            "TASKLANE_ADMIN_LISTEN": "127.0.0.1:0",
            "TASKLANE_WORKER_ADMIN_LISTEN": "127.0.0.1:0"
        } | settings
        try:
            done = subprocess.run([BIN + "/" + program],
                                  env=environment,
                                  capture_output=True,
                                  text=True,
                                  timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, "it runs"
        return done.returncode, done.stderr

    def await_port(self, port, process, name):

        def there():
            if process.poll() is not None:
                raise SystemExit(f"{name} ended: {open(self.path(name + '.log')).read()[-2000:]}")
            with socket.create_connection(("127.0.0.1", port), 1):
                return True

        self.await_true(there, name)

    def start(self):
        self.start_redis()
        self.start_postgres()
        self.psql("CREATE DATABASE tasklane", "postgres")
        done = self.control("migrate")
        if done.returncode:
            raise SystemExit(done.stderr)

    def end(self, keep=False):
        for process in reversed(list(self.processes)):
            how = signal.SIGINT if process.label == "postgres" else signal.SIGTERM
            self.stop(process, how, seconds=10)
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)
