"""What systemd hears (OPERATE.md §4): ready, status, watchdog by progress of every loop; and what SIGHUP reads again."""
import ctypes
import os
import re
import signal
import socket
import time

LINE = re.compile(r"lag \d+\.\ds, depth \d+, \d+/s")
ATTACH, DETACH = 16, 17


class Systemd:
    """The receiving end of the notify protocol."""

    def __init__(self, path, watchdog):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.settings = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(int(watchdog * 1e6))}

    def hears(self, word, seconds):
        """The first message with `word` in it, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                message = self.socket.recv(4096).decode()
            except TimeoutError:
                return None
            if word in message:
                return message
        return None


def run(judge, world):
    systemd = Systemd(world.deployment.path("notify"), 3)
    address, admin, process = world.deployment.ingest("noted", **systemd.settings)
    judge.check("ingest: ready", systemd.hears("READY=1", 10) is not None)
    status = systemd.hears("STATUS=lag", 8)
    judge.check("ingest: status has lag, depth and rate", status and LINE.search(status), status)
    judge.check("ingest: watchdog", systemd.hears("WATCHDOG=1", 3) is not None)
    hung_loop(judge, systemd, admin, process)
    process.send_signal(signal.SIGHUP)
    judge.check("ingest: reloading, then ready", systemd.hears("RELOADING=1", 3) is not None and
                systemd.hears("READY=1", 3) is not None)
    process.send_signal(signal.SIGTERM)
    judge.check("ingest: stopping", systemd.hears("STOPPING=1", 3) is not None)
    world.deployment.stop(process)
    worker(judge, world)


def hung_loop(judge, systemd, admin, process):
    """A loop other than the first is held by a debugger: alive for the kernel, and doing nothing."""
    threads = [int(name) for name in os.listdir(f"/proc/{process.pid}/task")]
    loops = [tid for tid in threads if open(f"/proc/{process.pid}/task/{tid}/comm").read().startswith("ingest-1")]
    judge.check("a second loop runs", len(loops) == 1, threads)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(ATTACH, loops[0], None, None) != 0:
        return print(f"       no right to hold a thread: {os.strerror(ctypes.get_errno())}; not tried")
    os.waitpid(loops[0], 0x40000000)  # __WALL
    time.sleep(4.5)
    while systemd.hears("WATCHDOG=1", 0.05):
        pass
    judge.check("a loop that hangs: no sign of life", systemd.hears("WATCHDOG=1", 4) is None)
    answer = judge.call("GET", "/livez", user=None, address=admin)
    judge.check("a loop that hangs: /livez", answer.status == 503, answer)
    libc.ptrace(DETACH, loops[0], None, None)
    judge.check("it goes on: signs of life again", systemd.hears("WATCHDOG=1", 5) is not None)
    judge.check("it goes on: /livez", judge.call("GET", "/livez", user=None, address=admin).status == 200)


def worker(judge, world):
    systemd = Systemd(world.deployment.path("notify-worker"), 3)
    folder = world.deployment.path("worker-credentials")
    os.mkdir(folder)
    level = os.path.join(folder, "TASKLANE_LOG")
    with open(level, "w") as file:
        file.write("warn\n")
    process, _ = world.deployment.worker("noted-worker", CREDENTIALS_DIRECTORY=folder, **systemd.settings)
    judge.check("worker: ready", systemd.hears("READY=1", 20) is not None)
    status = systemd.hears("STATUS=lag", 8)
    judge.check("worker: status has lag, depth, rate and lanes", status and LINE.search(status) and "lanes" in status,
                status)
    judge.check("worker: watchdog", systemd.hears("WATCHDOG=1", 3) is not None)
    judge.check("worker: says nothing at level warn", '"ready"' not in log_of(world))
    with open(level, "w") as file:
        file.write("info\n")
    process.send_signal(signal.SIGHUP)
    judge.check("worker: reloading, then ready", systemd.hears("RELOADING=1", 3) is not None and
                systemd.hears("READY=1", 3) is not None)
    with open(level, "w") as file:
        file.write("loud\n")
    process.send_signal(signal.SIGHUP)
    judge.check("worker: a bad level changes nothing", systemd.hears("READY=1", 3) is not None and
                "TASKLANE_LOG" in log_of(world), log_of(world))
    process.send_signal(signal.SIGTERM)
    judge.check("worker: stopping", systemd.hears("STOPPING=1", 3) is not None)
    judge.check("worker: ends well", process.wait(10) == 0)
    judge.check("worker: the level was reloaded", '"stopped"' in log_of(world), log_of(world))
    world.deployment.processes.remove(process)


def log_of(world):
    with open(world.deployment.path("noted-worker.log")) as file:
        return file.read()
