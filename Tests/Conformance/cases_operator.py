"""The operator's command (OPERATE.md §1) as somebody types it: usage, errors, JSON, broken pipes, dead letters."""
import json
import subprocess
import time

from deployment import BIN

REQUEST = "01a1fc26-a0f9-7773-80fa-31a8ee577897"
WRONG = [
    "nonsense", "help nonsense", "dead", "dead nonsense", "status x", "status --nonsense", "lane", "lane x", "lane +1",
    "lanes --sort x", "peek", "peek x", "peek 1 -n 0", "peek 1 -n x", "why", "why x", "tail --state x", "tail --lane x",
    "parked retry", "dead list --since x", "dead list --reason x", "dead show", "dead show x", "dead redrive",
    "dead redrive x", "dead redrive --all --rate x", "dead redrive --all --rate 0/s", f"dead redrive {REQUEST} --all",
    "dead drop", "dead drop x", "relane", "relane 0", "relane x", "pause", "pause --all", "pause --lane x --why y",
    "pause --all --lane 1 --why x", "pause --why x", "resume", "resume --all --lane 1", "drain --timeout x", "token",
    "token issue", "token issue --user requests", "token issue --user u1 --ttl x", "key create", "key create --user u1",
    "key revoke x", "migrate x", "doctor x", "completion", "completion fish", "config x", "fsck x", "--config"
]
READS = [
    "status", "lanes", "lanes --all", "lane 1", "peek 1", "workers", "parked", "dead list", "dead groups", "dead export",
    "fsck", "key list", "migrate --status", "config", f"why {REQUEST}"
]


def run(judge, world):
    def tasklane(text, **settings):
        return subprocess.run([BIN + "/tasklane", *text.split()], env=world.deployment.environment | settings,
                              capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)

    away = {"REDIS_URL": "unix:///nonexistent/redis.sock", "DATABASE_URL": "postgresql:///x?host=/nonexistent"}
    usage(judge, tasklane, away)
    reads(judge, tasklane, away)
    pipes(judge, world)
    tokens(judge, tasklane)
    superseded(judge, world, tasklane)


def said(done):
    """One line on standard error that begins with the program's name, and no stray output."""
    lines = done.stderr.splitlines()
    return len(lines) == 1 and lines[0].startswith("tasklane: ") and len(lines[0]) > 20


def usage(judge, tasklane, away):
    for text in WRONG:
        for settings in ({}, away):
            done = tasklane(text, **settings)
            judge.check(f"{text}{' without stores' if settings else ''}: wrong usage", done.returncode == 2 and
                        said(done) and not done.stdout, done)
    whole = tasklane("help").stdout
    commands = [line.split()[0] for line in whole.splitlines() if line.startswith("  ")]
    judge.check("help lists the commands", {"status", "why", "dead", "fsck", "doctor", "drain"} <= set(commands), whole)
    for name in ("status", "top", "why", "lanes", "lane", "peek", "tail", "workers", "parked", "parked retry", "dead list",
                 "dead groups", "dead show", "dead export", "dead redrive", "dead drop", "relane", "pause", "resume",
                 "drain", "fsck", "bench", "migrate", "doctor", "config", "token issue", "token inspect", "dev",
                 "key create", "key list", "key revoke"):
        one, two = tasklane("help " + name), tasklane(name + " --help")
        judge.check(f"help {name}", one.returncode == two.returncode == 0 and one.stdout == two.stdout and
                    one.stdout.startswith(f"usage: tasklane {name}"), (one, two))
        judge.check(f"help {name}: 100 columns", max(map(len, one.stdout.splitlines())) <= 100)
    judge.check("completion", "complete -F" in tasklane("completion bash").stdout)
    judge.check("a typo", "did you mean status" in tasklane("statsu").stderr)


def reads(judge, tasklane, away):
    for text in READS:
        done = tasklane(text)
        judge.check(text, done.returncode == 0 and not done.stderr and "\x1b" not in done.stdout, done)
        done = tasklane(text + " --json")
        values = []
        try:
            values = [json.loads(line) for line in done.stdout.splitlines()]
        except ValueError:
            values = [None]
        judge.check(f"{text} --json", done.returncode == 0 and not done.stderr and
                    all(isinstance(value, dict) for value in values), done)
        done = tasklane(text, **away)
        if text != "config":
            judge.check(f"{text} without stores", done.returncode == 1 and said(done) and
                        ("REDIS_URL" in done.stderr or "DATABASE_URL" in done.stderr), done)
    done = tasklane("doctor", **away)
    judge.check("doctor without stores", done.returncode == 1 and said(done) and done.stdout.count("✗") == 2, done)
    done = tasklane("doctor --json")
    levels = [json.loads(line) for line in done.stdout.splitlines()]
    judge.check("doctor --json", all(set(one) >= {"subject", "level", "text", "remedy"} and
                                     one["level"] in ("good", "warning", "bad") for one in levels), done)
    judge.check("every bad finding has a remedy", all(one["remedy"] for one in levels if one["level"] != "good"), levels)
    for text in (f"dead show {REQUEST}", f"dead redrive {REQUEST}", f"dead drop {REQUEST}", "parked retry nobody",
                 "lane 9999", "peek 9999", "pause --lane 9999 --why x", "relane 8",
                 "key revoke 01a1fc26-a0f9-4773-80fa-31a8ee577897", "bench --port 1", "status --config /nonexistent"):
        done = tasklane(text)
        judge.check(f"{text}: fails", done.returncode in (1, 2) and said(done), done)
    judge.check("top needs a terminal", tasklane("top").returncode == 2)
    secrets = tasklane("config").stdout
    judge.check("config masks", "a-secret-for" not in secrets and "BETTER_AUTH_SECRET=***" in secrets, secrets)
    done = tasklane("config", REDIS_URL="redis://u:hush@h:1", DATABASE_URL="postgresql://u:hush@h/d?password=hush2")
    judge.check("config masks passwords in URLs", "hush" not in done.stdout, done.stdout)
    done = tasklane("status", REDIS_URL="redis://u:hush@127.0.0.1:1", DATABASE_URL="postgresql://u:hush@127.0.0.1:1/d")
    judge.check("errors tell no password", "hush" not in done.stderr + done.stdout, done)


def pipes(judge, world):
    for command in ("lanes --all --json", "help", "completion bash", "config", "fsck", "tail --json"):
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {BIN}/tasklane {command} | true; echo ${{PIPESTATUS[0]}}"],
                              env=world.deployment.environment, capture_output=True, text=True, timeout=20) \
            if not command.startswith("tail") else None
        if done:
            judge.check(f"{command} | true: quiet", not done.stderr and done.stdout.strip() in ("0", "141"), done)
    full = subprocess.run(["bash", "-c", f"{BIN}/tasklane help > /dev/full"], env=world.deployment.environment,
                          capture_output=True, text=True)
    judge.check("a full disk is an error", full.returncode != 0, full)


def tokens(judge, tasklane):
    issued = json.loads(tasklane("token issue --user u1 --ttl 60s --name N --email e@x.org --json").stdout)
    judge.check("token issue", judge.call("GET", "/api/u1/tasks", [("Authorization", "Bearer " + issued["token"])]).status
                == 200, issued)
    admin = tasklane("token issue --user boss --admin").stdout.strip()
    done = tasklane(f"token inspect {admin}")
    judge.check("token inspect, good", done.returncode == 0 and "good" in done.stdout and not done.stderr, done)
    done = tasklane(f"token inspect {admin[:-3]}")
    judge.check("token inspect, bad", done.returncode == 1 and said(done), done)
    done = tasklane(f"token inspect {admin[:-3]} --json")
    judge.check("token inspect, bad, JSON", done.returncode == 1 and json.loads(done.stdout)["valid"] is False, done)


def superseded(judge, world, tasklane):
    """A change dies, a later one is applied; the redrive of the first ends as 409, and again only by force."""
    psql, wait = world.deployment.psql, [("Prefer", "wait=15")]
    psql("""CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF new.title LIKE 'bad%' THEN RAISE EXCEPTION USING errcode = '22023', message = 'not welcome'; END IF;
        RETURN new; END $$;
        CREATE TRIGGER refuse_bad BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse_bad()""")
    task = judge.call("POST", "/api/sup/tasks", wait, body={"title": "a"}, user="sup").json
    path = f"/api/sup/tasks/{task['id']}"
    bad = judge.call("PUT", path, wait, body={"title": "bad"}, user="sup")
    request = bad.get("Sync-Token")
    judge.check("it dies", bad.status == 500 and bad.code == "operation-dead-lettered", bad)
    judge.check("a later change", judge.call("PUT", path, wait, body={"title": "b"}, user="sup").status == 200)
    psql("DROP TRIGGER refuse_bad ON tasks; DROP FUNCTION refuse_bad")

    def redrives():
        return int(psql("SELECT count(*) FROM audit WHERE action = 'dead.redrive'"))

    before = redrives()

    def state():
        return judge.call("GET", f"/api/requests/{request}?wait=10", user="sup").json

    def ended(code):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            seen = state()
            if (seen.get("error") or {}).get("code") == code or seen["status"] == code:
                return True
            time.sleep(0.1)
        return False

    done = json.loads(tasklane(f"dead redrive {request} --json").stdout)
    judge.check("redriven", done["redriven"] == 1 and done["superseded"] == 0, done)
    judge.check("ends as 409 superseded", ended("superseded") and state()["error"]["status"] == 409, state())
    judge.check("the task is the later one", judge.call("GET", path, user="sup").json["title"] == "b")
    listed = [json.loads(line) for line in tasklane("dead list --user sup --json").stdout.splitlines()]
    judge.check("it waits for a decision", [one["state"] for one in listed] == ["superseded"], listed)
    done = tasklane(f"dead redrive {request}")
    judge.check("again without force: says so", done.returncode == 1 and "redriven 0, 1 superseded" in done.stdout and
                "--force" in done.stderr and said(done), done)
    judge.check("and changes nothing", state()["error"]["code"] == "superseded")
    done = tasklane("dead redrive --user sup --yes")
    judge.check("a filter leaves it alone", done.returncode == 0 and "redriven 0" in done.stdout, done)
    done = tasklane(f"dead redrive {request} --force")
    judge.check("with force", done.returncode == 0 and "redriven 1" in done.stdout, done)
    judge.check("it is applied", ended("succeeded") and
                judge.call("GET", path, user="sup").json["title"] == "bad", state())
    done = tasklane(f"dead redrive {request}")
    judge.check("redriven already", done.returncode == 0 and "redriven already" in done.stdout, done)
    audit = redrives() - before
    judge.check("two redrives in the audit", audit == 2, audit)
