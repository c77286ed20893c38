"""(b) draining a backlog, (e) its CPU, (i) how draining changes with tasks stored, appliers and lanes."""

import json
import os
import time

from .measure import Meter, Outcome, Sample, interleave, ratio_of, tell
from .probe import build_probe
from .stock import Backlog, peer_stock, stock

SIDEKIQ_PROCESSES = 4
BATCHED_PROCESSES = 4


class Group:
    """Several processes whose CPU is counted as one."""

    def __init__(self, processes):
        self.processes = processes

    def cpu_seconds(self):
        return sum(process.cpu_seconds() for process in self.processes)

    def stop(self):
        for process in self.processes:
            process.stop()


def drain(rig, consumers, depths, key_of, rings=False, patience=300):
    """Releases what was staged to consumers that are already idle; the rate until every queue is empty."""
    client, total = rig.client(), sum(depths.values())
    keys = [key_of(name) for name in depths]
    meter = Meter(worker=consumers, redis=rig.redis, postgres=rig.postgres)
    begin = time.monotonic()
    Backlog.release(client, depths, key_of, rings)
    left = total
    while left:
        time.sleep(0.02)
        left = sum(client.pipeline([("LLEN", key) for key in keys]))
        tell(f"  {total - left:,} of {total:,} drained")
        if time.monotonic() - begin > patience:
            raise SystemExit(f"drain: {left:,} of {total:,} left after {patience} s: read the logs in {rig.folder}")
    elapsed = time.monotonic() - begin
    time.sleep(0.3)  # what was popped last is still being applied
    client.close()
    return Sample(total / elapsed, meter.microseconds(total))


def lane_queue(name):
    return f"{name}:queue"


def tasklane(rig, backlog, settle_seconds=1.5, **settings):
    """One worker process as shipped."""
    rig.empty_lanes()
    stock(rig)
    depths = backlog.stage_lanes(rig)
    worker = rig.worker(**settings)
    wait_for_lanes(rig, backlog.lanes)
    sample = drain(rig, worker, depths, lane_queue, rings=True)
    check_counts(rig, depths)
    worker.stop()
    return sample


def wait_for_lanes(rig, lanes, seconds=30):
    """Until the worker holds every lane."""
    client, deadline = rig.client(), time.monotonic() + seconds
    owners = [("EXISTS", f"tl:{{{lane:03d}}}:owner") for lane in range(lanes)]
    while sum(client.pipeline(owners)) < lanes:
        if time.monotonic() > deadline:
            raise SystemExit(f"the worker did not take its lanes within {seconds} s: read {rig.folder}/worker.log")
        time.sleep(0.05)
    client.close()


def check_counts(rig, depths):
    """The drain must have done the work: every mutation counted, hardly any failed, nothing dead."""
    client = rig.client()
    counts = client.pipeline([("HMGET", f"{name}:count", "succeeded", "failed", "dead") for name in depths])
    succeeded, failed, dead = (sum(int(one[place] or 0) for one in counts) for place in range(3))
    client.close()
    if succeeded + failed != sum(depths.values()) or dead or failed > succeeded * 0.02:
        raise SystemExit(f"drain: {succeeded} succeeded, {failed} failed, {dead} dead of {sum(depths.values())}")


def probe(rig, backlog, binary):
    """The limit: the same batches by C, two threads, without retries, leases, logs or metrics."""
    rig.empty_lanes()
    stock(rig)
    depths = backlog.stage_lanes(rig)
    consumer = rig.run("probe", [binary, rig.database_url, str(rig.redis_socket), str(backlog.lanes), "2", "500"])
    time.sleep(0.5)
    sample = drain(rig, consumer, depths, lane_queue)
    consumer.stop()
    return sample


def batched(rig, backlog):
    """Hand-batched Python: a list for each process, users spread over them, so that order holds."""
    rig.client()("FLUSHALL")
    peer_stock(rig)
    depths = backlog.stage(rig, lambda self, number: f"peer:{number % BATCHED_PROCESSES}")
    script = str(rig.root / "bench/peers/batched_worker.py")
    group = Group([rig.run(f"batched-{n}", [rig.python(), script, str(rig.redis_socket), rig.database_url, f"peer:{n}"])
                   for n in range(BATCHED_PROCESSES)])
    time.sleep(1.5)
    sample = drain(rig, group, depths, lambda name: name)
    group.stop()
    return sample


def sidekiq(rig, backlog, most):
    """Sidekiq, four processes of ten threads."""
    rig.client()("FLUSHALL")
    peer_stock(rig)

    def job(entry):
        payload = json.loads(entry)
        return json.dumps({"class": "TaskJob", "args": [payload], "jid": payload["id"].replace("-", "")[:24],
                           "queue": "default", "retry": True, "created_at": 0.0, "enqueued_at": 0.0})

    depths = backlog.stage(rig, lambda self, number: "queue:default", job, most, word="LPUSH")
    environment = rig.environment(PEER_REDIS=rig.redis_socket, PEER_DATABASE=rig.database_url)
    group = Group([rig.run(f"sidekiq-{n}", ["sidekiq", "-r", "./sidekiq_job.rb", "-q", "default", "-c", "10"],
                           env=environment, cwd=str(rig.root / "bench/peers")) for n in range(SIDEKIQ_PROCESSES)])
    time.sleep(3)
    sample = drain(rig, group, depths, lambda name: name)
    group.stop()
    return sample


def contenders(rig, plan, backlog):
    binary = build_probe(rig)
    return {
        "C probe": lambda: probe(rig, backlog, binary),
        "Tasklane worker": lambda: tasklane(rig, backlog),
        "hand-batched Python × 4": lambda: batched(rig, backlog),
        "Sidekiq × 4": lambda: sidekiq(rig, backlog, 5_000 if plan.quick else 20_000),
    }


def backlog_drain(rig, plan):
    """(b) and (e): 200 k mutations, 50 % create, 40 % update, 10 % delete; results stored."""
    rig.reset()
    backlog = Backlog(40_000 if plan.quick else 200_000, rig.lanes)
    samples = interleave(contenders(rig, plan, backlog), plan.rounds)
    rates = Outcome("b", f"Draining {backlog.count:,} queued mutations", "mutations/s")
    rates.bars = [(name, s.rate, ", ".join(f"{role} {cpu:.1f}" for role, cpu in s.cpu.items()) + " µs CPU")
                  for name, s in samples.items()]
    for peer, least in (("hand-batched Python × 4", 1.2), ("C probe", 0.8), ("Sidekiq × 4", 9)):
        rates.find(f"rate, of {peer}", ratio_of(samples, "Tasklane worker", peer), "×", low=least)
    cpu = Outcome("e", "CPU of draining 1 M mutations: worker + Redis + PostgreSQL", "s")
    cpu.bars = [(name, s.cpu_us, ", ".join(f"{role} {part:.1f}" for role, part in s.cpu.items()))
                for name, s in samples.items()]
    cpu.find("1 M mutations", samples["Tasklane worker"].cpu_us, "s", high=34)
    for peer, most in (("hand-batched Python × 4", 0.8), ("Sidekiq × 4", 0.075)):
        cpu.find(f"of {peer}", ratio_of(samples, "Tasklane worker", peer, lambda s: s.cpu_us), "×", high=most)
    cpu.notes.append(f"Scaled from the {backlog.count:,} mutations of (b); Sidekiq from fewer.")
    return [rates, cpu]


def growth(rig, plan):
    """(i): 1 M and 10 M tasks stored; 1, 2, 4 appliers; 64, 256, 1024 lanes."""
    rig.reset()
    backlog = Backlog(40_000 if plan.quick else 200_000, rig.lanes)
    outcome = Outcome("i", "Draining as things grow", "mutations/s")
    appliers = interleave({f"{n} appliers": lambda n=n: tasklane(rig, backlog, TASKLANE_APPLIERS=n)
                           for n in (1, 2, 4)}, plan.rounds)
    outcome.find("2 appliers, of 1", ratio_of(appliers, "2 appliers", "1 appliers"), "×", low=1.6)
    outcome.find("4 appliers, of 2", ratio_of(appliers, "4 appliers", "2 appliers"), "×")
    sizes = {}
    for millions in (1, 10) if not plan.quick else (1,):
        fill(rig, millions)
        sizes |= interleave({f"{millions} M tasks": lambda: tasklane_filled(rig, backlog)}, plan.rounds)
    if len(sizes) == 2:
        outcome.find("10 M tasks stored, of 1 M", ratio_of(sizes, "10 M tasks", "1 M tasks"), "×", low=0.85)
    lanes = {}
    for count in (64, 256, 1024):
        rig.lanes = count
        rig.reset()
        calm(rig)
        again = Backlog(backlog.count, count)
        lanes |= interleave({f"{count} lanes": lambda again=again: tasklane(rig, again)}, plan.rounds)
    rig.lanes = 256
    for other in ("64 lanes", "1024 lanes"):
        outcome.find(f"{other}, of 256", ratio_of(lanes, other, "256 lanes"), "×", low=0.85)
    outcome.bars = [(name, s.rate, f"{s.cpu_us:.1f} µs CPU") for name, s in (appliers | sizes | lanes).items()]
    return outcome


def fill(rig, millions):
    """Millions of tasks of other users beside the stored ones."""
    tell(f"  storing {millions} M tasks …")
    rig.sql("TRUNCATE tasks")
    rig.sql("INSERT INTO tasks (user_id, id, title, completed, version, created_at, updated_at)"
            f" SELECT 'other-' || n / 100, gen_random_uuid(), 'Stored task number ' || n, false, 1, now(), now()"
            f" FROM generate_series(1, {millions * 1_000_000}) n")
    rig.sql("VACUUM ANALYZE tasks; CHECKPOINT")
    calm(rig)


def calm(rig, seconds=180):
    """Until what millions of rows left behind is on disk and vacuumed: else it is part of the next rounds."""
    os.sync()
    deadline = time.monotonic() + seconds
    while rig.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'") != "0":
        if time.monotonic() > deadline:
            tell(f"  still vacuuming after {seconds} s; measured all the same")
            return
        time.sleep(1)


def tasklane_filled(rig, backlog):
    """As `tasklane`, with what `fill` stored left in place."""
    from .stock import copy_rows
    from .workload import stored_tasks
    rig.empty_lanes()
    rig.sql("TRUNCATE requests, users, dead_letters; DELETE FROM tasks WHERE user_id LIKE 'user-%'")
    copy_rows(rig, "tasks", stored_tasks())
    depths = backlog.stage_lanes(rig)
    worker = rig.worker()
    wait_for_lanes(rig, backlog.lanes)
    sample = drain(rig, worker, depths, lane_queue, rings=True)
    worker.stop()
    return sample
