"""The private servers of a run: Redis and PostgreSQL with the durability we ship, nginx, ingest, workers, peers."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from .processes import Process, family, wait_until
from .resp import Redis

SECRET = "bench-Vw8kQ2nT5rYxZ7pLmC4dHs9bGf3jKa6e"
POSTGRES_BINARIES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), Path("/usr/bin"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rig:
    """One folder, one Redis, one PostgreSQL; the daemons and peers of a figure come and go on top."""

    def __init__(self, root, folder, lanes=256):
        self.root, self.folder, self.lanes = Path(root), Path(folder), lanes
        shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        os.chmod(self.folder, 0o755)
        self.redis_socket = self.folder / "redis.sock"
        self.processes = []
        self.redis = self.postgres = None

    def start(self):
        self.start_redis()
        self.start_postgres()
        return self

    def start_redis(self):
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        self.redis = self.run("redis", [
            "redis-server", "--port", "0", "--unixsocket", str(self.redis_socket), "--dir", str(data),
            "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction",
            "--lazyfree-lazy-expire", "yes",
            # A rewrite would fall into one contender's round and not into another's.
            "--auto-aof-rewrite-min-size", "8gb"])
        wait_until(self.redis_answers, 10, "Redis answering", self.redis)

    def redis_answers(self):
        try:
            client = Redis(self.redis_socket)
            alive = client("PING") == b"PONG"
            client.close()
            return alive
        except (OSError, RuntimeError):
            return False

    def start_postgres(self):
        data, sockets = self.folder / "postgres", self.folder / "pg"
        for path in (data, sockets):
            path.mkdir()
            if os.geteuid() == 0:
                account = pwd.getpwnam("postgres")
                os.chown(path, account.pw_uid, account.pw_gid)
        quiet = {"stdout": subprocess.DEVNULL, "check": True, "cwd": "/"}
        subprocess.run([*as_postgres(), str(POSTGRES_BINARIES / "initdb"), "-D", str(data), "-A", "trust", "-U",
                        "postgres", "-E", "UTF8", "--locale=C.UTF-8"], **quiet)
        # Room for the write-ahead log, so that checkpoints do not fall into one contender's round and not another's.
        settings = {"listen_addresses": "", "unix_socket_directories": str(sockets), "shared_buffers": "1GB",
                    "max_wal_size": "16GB", "checkpoint_timeout": "30min", "synchronous_commit": "on",
                    "fsync": "on", "max_connections": "100"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.postgres = self.run("postgres", [
            *as_postgres(), str(POSTGRES_BINARIES / "postgres"), "-D", str(data), *options], cwd="/")
        wait_until(lambda: self.sql("SELECT 1", check=False) == "1", 20, "PostgreSQL answering", self.postgres)

    @property
    def database_url(self):
        return f"postgresql:///postgres?host={self.folder}/pg&user=postgres"

    def sql(self, text, check=True):
        """Runs statements with psql and returns the first column of what they answer."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", f"{self.folder}/pg", "-U", "postgres",
             "-d", "postgres"], input=text, capture_output=True, text=True)
        if check and done.returncode:
            raise SystemExit(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def client(self):
        return Redis(self.redis_socket)

    def environment(self, **more):
        """What daemons are configured with; logs and metrics stay on, as shipped."""
        base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        base |= {"DATABASE_URL": self.database_url, "REDIS_URL": f"unix://{self.redis_socket}",
                 "BETTER_AUTH_SECRET": SECRET, "TASKLANE_LANES": str(self.lanes),
                 "TASKLANE_LOG_FORMAT": "json", "TASKLANE_ADMIN_LISTEN": f"unix:{self.folder}/admin.sock",
                 "TASKLANE_WORKER_ADMIN_LISTEN": f"unix:{self.folder}/worker-admin.sock"}
        return base | {name: str(value) for name, value in more.items()}

    def run(self, name, command, **options):
        process = Process(name, command, self.folder, **options)
        self.processes.append(process)
        return process

    def binary(self, name):
        return str(self.root / ".build" / "release" / name)

    def reset(self):
        """Empty stores with our schema."""
        self.client()("FLUSHALL")
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.migrate()
        self.pin(redis="0-3", postgres="0-3")

    def empty_lanes(self):
        """Drops what is queued and keeps `tl:meta`."""
        client = self.client()
        queued = client("KEYS", "tl:{*")
        for at in range(0, len(queued), 1000):
            client("UNLINK", *queued[at:at + 1000])
        client.close()

    def pin(self, **cores):
        """Moves the stores to the processors of a figure, with their threads and children."""
        for role, where in cores.items():
            for pid in family(getattr(self, role).pid):
                subprocess.run(["taskset", "-a", "-c", "-p", where, str(pid)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)

    def migrate(self):
        done = subprocess.run([self.binary("tasklane"), "migrate"], env=self.environment(), capture_output=True,
                              text=True)
        if done.returncode:
            raise SystemExit(f"tasklane migrate: {done.stderr.strip()}")

    def ingest(self, cores=None, threads=1, **settings):
        """Starts ingest; returns the process and its port."""
        port = free_port()
        environment = self.environment(TASKLANE_LISTEN=f"127.0.0.1:{port}", TASKLANE_INGEST_THREADS=threads, **settings)
        process = self.run("ingest", [self.binary("tasklane-ingest")], cores=cores, env=environment)
        wait_for_port(port, process)
        return process, port

    def worker(self, cores=None, **settings):
        return self.run("worker", [self.binary("tasklane-worker")], cores=cores, env=self.environment(**settings))

    def python(self):
        """The Python of the peers' virtual environment, made when first wanted."""
        home = self.root / ".dev" / "bench" / "venv"
        if not (home / "bin" / "uvicorn").exists():
            print("making the peers' Python environment …", file=sys.stderr, flush=True)
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            packages = (self.root / "bench" / "peers" / "requirements.txt").read_text().split()
            subprocess.run([str(home / "bin" / "pip"), "install", "-q", *packages], check=True)
        return str(home / "bin" / "python")

    def stop(self):
        """Stops what was started, the last first."""
        for process in reversed(self.processes):
            process.stop()
        self.processes.clear()


def as_postgres():
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []


def wait_for_port(port, process):
    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_until(answers, 20, f"{process.name} listening", process)
