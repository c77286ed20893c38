"""What is stored and queued before a figure begins."""

import subprocess

from .measure import tell
from .resp import encode
from .workload import lane_of, mutations, stored_rows, stored_tasks, user_name

COPY_COLUMNS = "user_id, id, title, completed, version, created_at, updated_at"


def copy_rows(rig, table, tasks):
    """Loads the stored tasks into an empty table and lets the planner know."""
    feed = subprocess.Popen(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", f"{rig.folder}/pg", "-U", "postgres", "-d", "postgres", "-c",
         f"COPY {table} ({COPY_COLUMNS}) FROM STDIN"], stdin=subprocess.PIPE, text=True)
    feed.stdin.writelines(stored_rows(tasks))
    feed.stdin.close()
    if feed.wait():
        raise SystemExit(f"loading {table} failed")
    rig.sql(f"VACUUM ANALYZE {table}")


def stock(rig, tasks=None):
    """Our tables: empty but for the stored tasks."""
    rig.sql("TRUNCATE tasks, requests, users, dead_letters")
    copy_rows(rig, "tasks", tasks or stored_tasks())


def peer_stock(rig, tasks=None):
    """The peers' table: the same tasks."""
    rig.sql((rig.root / "bench/peers/schema.sql").read_text())
    copy_rows(rig, "peer_tasks", tasks or stored_tasks())


class Backlog:
    """Mutations made once and queued again for each round: under a name that no consumer reads, then renamed, so
    that all of it is there at one moment."""

    def __init__(self, count, lanes, tasks=None):
        tell(f"  making {count:,} mutations …")
        self.count, self.lanes = count, lanes
        self.entries = mutations(count, tasks or stored_tasks())
        self.payload_bytes = sum(len(entry) for _, entry in self.entries) / count
        self.lane_of_user = {}

    def lane(self, number):
        found = self.lane_of_user.get(number)
        if found is None:
            found = self.lane_of_user[number] = lane_of(user_name(number), self.lanes)
        return found

    def stage(self, rig, name_of, entry_of=lambda entry: entry, most=None, word="RPUSH"):
        """Queues under `stage:<name>`; returns the names and how many entries each has."""
        tell(f"  queueing {most or self.count:,} mutations …")
        queues = {}
        for number, entry in self.entries[:most]:
            queues.setdefault(name_of(self, number), []).append(entry_of(entry))
        client = rig.client()
        for name, entries in queues.items():
            for at in range(0, len(entries), 1000):
                client(word, f"stage:{name}", *entries[at:at + 1000])
        client.close()
        return {name: len(entries) for name, entries in queues.items()}

    def stage_lanes(self, rig, most=None):
        """Lane entries, counted as accepted, so that the conservation law holds."""
        depths = self.stage(rig, lambda self, number: f"tl:{{{self.lane(number):03d}}}", most=most)
        client = rig.client()
        client.pipeline([("HINCRBY", f"{name}:count", "accepted", depth) for name, depth in depths.items()])
        client.close()
        return depths

    @staticmethod
    def release(client, depths, key_of, rings=False):
        """Makes what was staged visible at once and rings."""
        words = [encode(("RENAME", f"stage:{name}", key_of(name))) for name in depths]
        if rings:
            # Names of lanes are `tl:{NNN}` here.
            words.append(encode(("PUBLISH", "tl:bell", " ".join(name[4:-1] for name in depths))))
        client.send_raw(b"".join(words), len(words))
