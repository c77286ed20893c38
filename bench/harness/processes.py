"""Processes that this run started: pinned, logged to a file, measured by /proc, and stopped by pid."""

import os
import signal
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A child with its processors, log and CPU account. Ends when its `with` block does, or with `stop`."""

    def __init__(self, name, command, folder, cores=None, env=None, cwd=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        if cores:
            command = ["taskset", "-c", cores, *command]
        # Servers write their log to a file as under systemd; the benchmark's own output stays readable.
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd,
                start_new_session=True)
        self.pid = self.child.pid

    def cpu_seconds(self):
        """User and system time of the process and of all that descend from it, also of those already reaped."""
        return sum(cpu_of(pid) for pid in family(self.pid))

    def resident_bytes(self):
        """Resident set of the process itself."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def alive(self):
        return self.child.poll() is None

    def stop(self, patience=20):
        """SIGTERM, then SIGKILL after `patience` seconds."""
        if not self.alive():
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def family(root):
    """The pid and all its living descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # it ended between listing and reading
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu_of(pid):
    """Seconds of one process; reaped children are counted with their parent."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(value) for value in fields[11:15]) / TICKS


def wait_until(condition, seconds, what, process=None):
    """Polls until `condition` holds; ends the run with what was awaited if it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        if process and not process.alive():
            raise SystemExit(f"{process.name} ended while starting: read {process.log}")
        time.sleep(0.02)
    raise SystemExit(f"{what} did not happen within {seconds} s" + (f": read {process.log}" if process else ""))
