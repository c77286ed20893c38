"""wrk: scripts with a request for each user made beforehand, runs, and what they reported."""

import re
import subprocess
from dataclasses import dataclass

from .workload import USERS, body, token, user_name

POST_SCRIPT = """
-- Requests are formatted once: the load generator must not be what is measured.
local requests, at = {}, 0
function init(args)
    local file = io.open("%(tokens)s")
    for line in file:lines() do
        local user, token, body = line:match("^(%%S+) (%%S+) (.*)$")
        local headers = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}
        requests[#requests + 1] = wrk.format("POST", "/api/" .. user .. "/tasks", headers, body)
    end
    file:close()
    at = math.random(#requests)
end
function request()
    at = at %% #requests + 1
    return requests[at]
end
"""

GET_SCRIPT = """
local requests, at = {}, 0
function init(args)
    for line in io.lines("%(paths)s") do
        local path, token = line:match("^(%%S+) (%%S+)$")
        requests[#requests + 1] = wrk.format("GET", path, {["Authorization"] = "Bearer " .. token})
    end
    at = math.random(#requests)
end
function request()
    at = at %% #requests + 1
    return requests[at]
end
"""

# Each answered POST is polled once; a connection that has an id to ask for asks, else it posts. The long poll holds
# the connection until the verdict, so the queue cannot outgrow the connections.
CYCLE_SCRIPT = """
local posts, tokens, at, waiting, first, last = {}, {}, 0, {}, 1, 0
local find, sub = string.find, string.sub
posted, answered, failed = 0, 0, 0
function init(args)
    math.randomseed(tonumber(tostring({}):match("0x(%%x+)"), 16) %% 2147483647)
    for line in io.lines("%(tokens)s") do
        local user, token, body = line:match("^(%%S+) (%%S+) (.*)$")
        local headers = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}
        posts[#posts + 1] = wrk.format("POST", "/api/" .. user .. "/tasks", headers, body)
        tokens[user] = " HTTP/1.1\\r\\nHost: bench\\r\\nAuthorization: Bearer " .. token .. "\\r\\n\\r\\n"
    end
    at = math.random(#posts)
end
function request()
    if first <= last then
        local get = waiting[first]
        waiting[first] = nil
        first = first + 1
        return get
    end
    at = at %% #posts + 1
    return posts[at]
end
function response(status, headers, body)
    if status == 202 then
        posted = posted + 1
        local id = sub(body, 8, 43)
        local _, from = find(body, '"task_href":"/api/', 1, true)
        local user = sub(body, from + 1, find(body, "/", from + 1, true) - 1)
        last = last + 1
        waiting[last] = "GET /api/requests/" .. id .. "?wait=10" .. tokens[user]
    elseif status == 200 and find(body, '"done":true', 1, true) then
        answered = answered + 1
    else
        failed = failed + 1
    end
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
%(delay)s

local function report()
    local all_posted, all_done, all_failed = 0, 0, 0
    for _, thread in ipairs(threads) do
        all_posted = all_posted + thread:get("posted")
        all_done = all_done + thread:get("answered")
        all_failed = all_failed + thread:get("failed")
    end
    io.write(("cycle posted=%%d done=%%d failed=%%d\\n"):format(all_posted, all_done, all_failed))
end
"""


@dataclass
class Load:
    """One run of wrk."""
    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    text: str


def post_script(rig):
    tokens = rig.folder / "tokens.txt"
    if not tokens.exists():
        with open(tokens, "w") as out:
            for number in range(USERS):
                out.write(f"{user_name(number)} {token(user_name(number))} {body(number)}\n")
    return write(rig, "post.lua", POST_SCRIPT % {"tokens": tokens})


def get_script(rig, name, paths):
    """`paths` are `(path, user)` pairs."""
    listing = rig.folder / f"{name}.txt"
    with open(listing, "w") as out:
        for path, user in paths:
            out.write(f"{path} {token(user)}\n")
    return write(rig, f"{name}.lua", GET_SCRIPT % {"paths": listing})


def write(rig, name, text):
    path = rig.folder / name
    path.write_text(text)
    return path


def wrk(script, port, cores, seconds, connections=64, threads=2):
    """Runs wrk pinned to `cores`; a rate is of requests answered, errors are those not answered with 2xx."""
    done = subprocess.run(
        ["taskset", "-c", cores, "wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--latency",
         "--timeout", "30s", "-s", str(script), f"http://127.0.0.1:{port}"],
        capture_output=True, text=True, timeout=seconds + 60)
    text = done.stdout
    if done.returncode:
        raise SystemExit(f"wrk failed: {done.stderr.strip() or text.strip()}")
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    errors = (int(failed.group(1)) if failed else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), percentile(text, 50),
                percentile(text, 99), errors, text)


def percentile(text, which):
    found = re.search(rf"^\s+{which}%\s+([\d.]+)(us|ms|s)\s*$", text, re.M)
    return float(found.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[found.group(2)] if found else float("nan")
