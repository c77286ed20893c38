#!/usr/bin/env python3
"""Which of two builds answers sooner, on a machine whose speed changes by the minute: both run at once, each with its
own Redis and PostgreSQL, and are asked in turns, 50 a second. What counts is the median of the paired ratios.

    bench/pair.py OLD NEW [create|patch] [SECONDS]      OLD and NEW are checkouts with a release build in each
"""
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from harness.figure_path import Client, Path as Deployment
from harness.servers import Rig
from harness.workload import user_name

USER = 1


class Asker:
    """Asks one deployment for one kind of change, and waits for its verdict."""

    def __init__(self, rig, kind):
        self.deployment = Deployment(rig)
        self.client = Client(self.deployment.port)
        self.ask = self.client.by_wait if kind == "create" else self.patch
        _, made = self.client.ask("POST", f"/api/{user_name(USER)}/tasks", USER, "Prefer: wait=10\r\n", '{"title":"x"}')
        self.task = json.loads(made)["id"]
        self.taken = []

    def patch(self, number):
        begin = time.perf_counter()
        status, _ = self.client.ask("PATCH", f"/api/{user_name(USER)}/tasks/{self.task}", USER, "Prefer: wait=10\r\n",
                                    json.dumps({"title": f"y{number}"}))
        return (time.perf_counter() - begin) * 1000, status == 200

    def once(self, number):
        milliseconds, good = self.ask(number)
        if not good:
            raise SystemExit(f"pair: request {number} to port {self.deployment.port} failed: run it with ./dev up and look")
        self.taken.append(milliseconds)


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    roots, kind = [Path(root).resolve() for root in sys.argv[1:3]], (sys.argv[3:] or ["create"])[0]
    seconds = int((sys.argv[4:] or ["15"])[0])
    with tempfile.TemporaryDirectory(prefix="pair") as folder:
        # PostgreSQL runs as another user where this is root.
        Path(folder).chmod(0o755)
        rigs = [Rig(root, Path(folder) / str(place)) for place, root in enumerate(roots)]
        try:
            for rig in rigs:
                rig.start()
            askers = [Asker(rig, kind) for rig in rigs]
            for number in range(50):
                for asker in askers:
                    asker.ask(number)
            begin = time.perf_counter()
            for number in range(seconds * 50):
                time.sleep(max(0.0, begin + number / 50 - time.perf_counter()))
                for asker in askers if number % 2 else reversed(askers):
                    asker.once(number)
                    time.sleep(0.006)  # what follows the verdict is over
            for asker in askers:
                asker.deployment.stop()
        finally:
            for rig in rigs:
                rig.stop()
    for root, asker in zip(roots, askers):
        taken = sorted(asker.taken)
        print(f"{root}: p50 {median(taken):.2f} ms, p99 {taken[int(len(taken) * 0.99)]:.2f} ms")
    print(f"new, of old: {median(new / old for old, new in zip(askers[0].taken, askers[1].taken)):.3f}")


if __name__ == "__main__":
    main()
