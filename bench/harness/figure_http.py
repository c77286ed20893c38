"""(a), (a2) accepting on one and two cores, (h) reading: ingest beside nginx and FastAPI."""

from .load import get_script, post_script, wrk
from .measure import Meter, Outcome, Sample, interleave, ratio_of
from .servers import free_port, wait_for_port
from .stock import peer_stock, stock
from .workload import USERS, stored_tasks, user_name

CLIENT_CORES = "2,3"


class Nginx:
    """`return 202`, in one worker process unless told otherwise."""

    def __init__(self, rig, cores, workers=1):
        self.port = free_port()
        text = (rig.root / "bench/peers/nginx.conf").read_text()
        path = rig.folder / "nginx.conf"
        path.write_text(text.replace("FOLDER", str(rig.folder)).replace("PORT", str(self.port))
                        .replace("WORKERS", str(workers)))
        self.process = rig.run("nginx", ["nginx", "-c", str(path), "-p", str(rig.folder)], cores=cores)
        wait_for_port(self.port, self.process)


class FastAPI:
    """One uvicorn process with uvloop and httptools, without its access log."""

    def __init__(self, rig, module, cores):
        self.port = free_port()
        command = [rig.python(), "-m", "uvicorn", f"{module}:app", "--host", "127.0.0.1", "--port", str(self.port),
                   "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        self.process = rig.run(module, command, cores=cores, env=rig.environment(), cwd=str(rig.root / "bench/peers"))
        wait_for_port(self.port, self.process)


def load(port, process, script, seconds, cores=CLIENT_CORES, connections=64, **other):
    """One run of wrk after a second of warming up, with the CPU of the server and of the stores behind it."""
    threads = len(cores.split(","))
    wrk(script, port, cores, 1, connections, threads)
    meter = Meter(server=process, **other)
    run = wrk(script, port, cores, seconds, connections, threads)
    items = run.rate * seconds
    return Sample(run.rate, meter.microseconds(items), run.p50_ms, run.p99_ms, run.errors)


def accept(rig, plan):
    """(a): POST with a token of its own for each of 2,000 users, 64 connections, server on core 0, Redis on core 1."""
    rig.reset()
    peer_stock(rig)
    script = post_script(rig)
    rig.pin(redis="1", postgres="1")
    ingest, port = rig.ingest(cores="0")
    nginx = Nginx(rig, "0")
    quick, slow = FastAPI(rig, "fastapi_asyncpg", "0"), FastAPI(rig, "fastapi_sqlmodel", "0")

    def tasklane():
        rig.empty_lanes()
        return load(port, ingest, script, plan.seconds, redis=rig.redis)

    samples = interleave({
        "nginx return 202": lambda: load(nginx.port, nginx.process, script, plan.seconds),
        "Tasklane ingest": tasklane,
        "FastAPI + asyncpg": lambda: load(quick.port, quick.process, script, plan.seconds, postgres=rig.postgres),
        "FastAPI + SQLModel": lambda: load(slow.port, slow.process, script, plan.seconds, postgres=rig.postgres),
    }, plan.rounds)
    for process in (ingest, nginx.process, quick.process, slow.process):
        process.stop()
    ours = samples["Tasklane ingest"]
    outcome = Outcome("a", "Accepting a POST, one server core, 64 connections", "requests/s")
    outcome.bars = [(name, s.rate, f"{s.cpu['server']:.1f} µs CPU of the server, p99 {s.p99_ms:.1f} ms")
                    for name, s in samples.items()]
    outcome.find("rate, of nginx `return 202`", ratio_of(samples, "Tasklane ingest", "nginx return 202"), "×", low=0.7)
    outcome.find("rate, of FastAPI + asyncpg", ratio_of(samples, "Tasklane ingest", "FastAPI + asyncpg"), "×", low=25)
    outcome.find("CPU a request", ours.cpu["server"], "µs", high=14)
    outcome.find("p99", ours.p99_ms, "ms", high=5)
    outcome.find("errors", ours.errors, "", high=0)
    return outcome


def accept_on_two(rig, plan):
    """(a2): one and two cores of ingest, Redis on core 2, wrk on core 3; nginx with two shows how far that wrk goes."""
    rig.reset()
    script = post_script(rig)
    rig.pin(redis="2", postgres="2")

    def ingest(threads, cores, connections=64):
        rig.empty_lanes()
        process, port = rig.ingest(cores=cores, threads=threads)
        sample = load(port, process, script, plan.seconds, "3", connections, redis=rig.redis)
        process.stop()
        return sample

    nginx = Nginx(rig, "0,1", workers=2)
    samples = interleave({
        "1 core": lambda: ingest(1, "0"),
        "2 cores": lambda: ingest(2, "0,1"),
        "1 core, 256 connections": lambda: ingest(1, "0", 256),
        "2 cores, 256 connections": lambda: ingest(2, "0,1", 256),
        "nginx return 202, 2 cores": lambda: load(nginx.port, nginx.process, script, plan.seconds, "3"),
    }, plan.rounds)
    nginx.process.stop()
    outcome = Outcome("a2", "Accepting on one and on two cores (Redis and wrk have one core each)", "requests/s")
    outcome.bars = [(name, s.rate, ", ".join([f"{s.cpu['server']:.1f} µs CPU of the server"]
                                             + [f"{s.cpu[role]:.1f} of Redis" for role in s.cpu if role == "redis"]))
                    for name, s in samples.items()]
    outcome.find("two cores, of one", ratio_of(samples, "2 cores", "1 core"), "×", low=1.7)
    # 64 connections are too few to keep two cores, Redis and its disk at work at once.
    outcome.find("two cores, of one, 256 connections",
                 ratio_of(samples, "2 cores, 256 connections", "1 core, 256 connections"), "×")
    return outcome


def read(rig, plan):
    """(h): GET of one task and of a list of 50, server on core 0, PostgreSQL on cores 1 and 2, wrk on core 3."""
    rig.reset()
    tasks = stored_tasks()
    stock(rig)
    peer_stock(rig)
    one = get_script(rig, "get-one", [(f"/api/{user_name(n)}/tasks/{tasks[n][n % 50]}", user_name(n))
                                      for n in range(USERS)])
    many = get_script(rig, "get-list", [(f"/api/{user_name(n)}/tasks?limit=50", user_name(n)) for n in range(USERS)])
    # A figure of the server: the database must not be what is full. Redis, which reads do not need, gets what is left.
    rig.pin(redis="3", postgres="1,2")
    ingest, port = rig.ingest(cores="0")
    peer = FastAPI(rig, "fastapi_asyncpg", "0")

    def ask(port, process, script):
        return lambda: load(port, process, script, plan.seconds, cores="3", postgres=rig.postgres)

    samples = interleave({
        "Tasklane, one": ask(port, ingest, one),
        "FastAPI + asyncpg, one": ask(peer.port, peer.process, one),
        "Tasklane, list": ask(port, ingest, many),
        "FastAPI + asyncpg, list": ask(peer.port, peer.process, many),
    }, plan.rounds)
    ingest.stop()
    peer.process.stop()
    outcome = Outcome("h", "Reading: one task, and a list of 50; one server core", "requests/s")
    outcome.bars = [(name, s.rate, f"{s.cpu['server']:.1f} µs CPU of the server, {s.cpu['postgres']:.1f} of PostgreSQL")
                    for name, s in samples.items()]
    for kind in ("one", "list"):
        ours, theirs = f"Tasklane, {kind}", f"FastAPI + asyncpg, {kind}"
        outcome.find(f"{kind}: rate, of FastAPI + asyncpg", ratio_of(samples, ours, theirs), "×", low=15)
        outcome.find(f"{kind}: server CPU, FastAPI's of ours",
                     ratio_of(samples, theirs, ours, lambda s: s.cpu["server"]), "×", low=15)
        outcome.find(f"{kind}: errors", samples[ours].errors, "", high=0)
    return outcome


