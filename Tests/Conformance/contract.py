#!/usr/bin/env python3
"""Every sentence of the API's contract, tried from outside against the built executables."""
import argparse
import importlib
import os
import sys
import time
import traceback

from deployment import Deployment
from judge import Judge
from tokens import Keys

SECTIONS = [
    "basics", "validation", "mutations", "idempotency", "bulk", "requests_", "lists", "auth", "framing",
    "slow", "limits", "verdicts", "outages", "settings", "accounts", "keys", "stores", "pooler", "tls", "systemd", "operator", "routes", "daemons"
]


class World:
    """What a section works with: a running deployment and its judge."""

    def __init__(self, keep):
        self.deployment = Deployment()
        try:
            self.start()
        except BaseException:
            self.deployment.end(keep)
            raise

    def start(self):
        self.deployment.start()
        self.keys = Keys(self.deployment.directory)
        self.cors = "https://app.example"
        self.address, self.admin, self.ingest = self.deployment.ingest(TASKLANE_JWKS_FILE=self.keys.jwks,
                                                                       TASKLANE_CORS_ORIGINS=self.cors +
                                                                       ",https://two.example:8443")
        self.worker, self.worker_admin = self.deployment.worker()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", help="of: " + " ".join(SECTIONS))
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory with its logs")
    options = parser.parse_args()
    began = time.monotonic()
    judge = Judge()
    world = World(options.keep)
    try:
        for name in options.sections or SECTIONS:
            judge.address, judge.section = world.address, name
            before = time.monotonic()
            try:
                importlib.import_module("cases_" + name.rstrip("_")).run(judge, world)
            except Exception:
                judge.check("the section itself", False, traceback.format_exc()[-900:])
            print(f"{name}: {time.monotonic() - before:.1f} s", flush=True)
    finally:
        world.deployment.end(options.keep)
        if options.keep:
            print("kept " + world.deployment.directory)
    print(f"{judge.passed} passed, {len(judge.failures)} failed in {time.monotonic() - began:.0f} s")
    return 1 if judge.failures else 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(main())
