"""Asks for one answer of each kind and lets httplint look at it; a note of level BAD fails."""

import http.client
import json
import os
import subprocess
import sys
import urllib.parse

url = urllib.parse.urlsplit(os.environ["TASKLANE_URL"])
token = os.environ["TASKLANE_TOKEN"]
linter = os.path.join(os.path.dirname(sys.executable), "httplint")

# What httplint calls bad and the contract wants all the same.
ACCEPTED = []


def answer(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    all_headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        all_headers["Content-Type"] = "application/json"
    all_headers.update(headers or {})
    connection.request(method, path, body=body, headers=all_headers)
    response = connection.getresponse()
    return response, response.read()


def lint(name, method, path, body=None, headers=None):
    response, content = answer(method, path, body, headers)
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.getheaders()]
    text = ("\r\n".join(lines) + "\r\n\r\n").encode() + content
    output = subprocess.run([linter, "-n"], input=text, capture_output=True, check=True).stdout.decode()
    bad = [line for line in output.splitlines() if "[BAD]" in line and not any(note in line for note in ACCEPTED)]
    print(f"{'bad' if bad else 'ok '} {response.status} {name}")
    for line in bad:
        print("   ", line)
    return bad, response, content


def main():
    task = json.dumps({"title": "lint"})
    bad, accepted, content = lint("accepted", "POST", "/api/u1/tasks", task)
    request = json.loads(content)["id"]
    _, created, content = lint("created", "POST", "/api/u1/tasks", task, {"Prefer": "wait=20"})
    task_id = json.loads(content)["id"]
    tag = created.getheader("ETag")
    for case in [
        ("request", "GET", f"/api/requests/{request}"),
        ("list", "GET", "/api/u1/tasks?limit=1"),
        ("task", "GET", f"/api/u1/tasks/{task_id}"),
        ("not modified", "GET", f"/api/u1/tasks/{task_id}", None, {"If-None-Match": tag}),
        ("profile", "GET", "/api/users/u1"),
        ("health", "GET", "/health"),
        ("document", "GET", "/openapi.json"),
        ("problem page", "GET", "/problems/not-found"),
        ("no token", "GET", "/api/u1/tasks", None, {"Authorization": "Bearer x"}),
        ("forbidden", "GET", "/api/u2/tasks"),
        ("unknown route", "GET", "/nope"),
        ("wrong method", "PUT", "/health"),
        ("options", "OPTIONS", "/api/u1/tasks"),
        ("invalid", "POST", "/api/u1/tasks", "{}"),
        ("failed", "DELETE", "/api/u1/tasks/0198f3c2-7b1f-7abc-8def-0123456789ab", None, {"Prefer": "wait=20"}),
        ("deleted", "DELETE", f"/api/u1/tasks/{task_id}", None, {"Prefer": "wait=20"}),
    ]:
        bad += lint(*case)[0]
    sys.exit(1 if bad else 0)


main()
