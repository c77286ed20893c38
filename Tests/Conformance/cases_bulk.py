"""Bulk (API.md §4): both forms, strict and lenient, lines and their numbers, keys, limits, waits."""
import json
import uuid

BULK = "/api/bulk/tasks/bulk"
ND = "application/x-ndjson"
WAIT = ("Prefer", "wait=10")


def lines(*items):
    return "\n".join(item if isinstance(item, str) else json.dumps(item) for item in items)


def create(title="b", **more):
    return {"op": "create", "data": {"title": title}} | more


def run(judge, _):

    def call(body, headers=(), content=ND, path=BULK):
        return judge.call("POST", path, list(headers), body=body, user="bulk", content=content)

    good(judge, call)
    bad(judge, call)
    lenient(judge, call)
    keys(judge, call)
    limits(judge, call)


def good(judge, call):
    task = str(uuid.uuid4())
    items = [
        create(id=task), {
            "op": "update",
            "id": task,
            "data": {
                "title": "x"
            }
        }, {
            "op": "complete",
            "id": task,
            "data": {
                "completed": True
            }
        }, {
            "op": "update",
            "id": task,
            "if_match": '"v3"',
            "data": {
                "description": None
            }
        }, {
            "op": "delete",
            "id": task
        }
    ]
    for name, body, content in (("NDJSON", lines(*items),
                                 ND), ("NDJSON with an end", lines(*items) + "\n",
                                       ND), ("CRLF", lines(*items).replace("\n", "\r\n"), ND),
                                ("array", json.dumps(items), "application/json")):
        answer = call(body, content=content)
        seen = answer.json or {}
        judge.check(f"{name} is accepted", answer.status == 202 and seen.get("accepted") == 5
                    and answer.get("Sync-Token"), answer)
        judge.check(f"{name}: items", [item.get("line") for item in seen.get("items", [])] == [1, 2, 3, 4, 5]
                    and all(item.get("task_id") == task for item in seen["items"])
                    and len({item["id"]
                             for item in seen["items"]}) == 5, seen)
        judge.check(f"{name}: Sync-Token is the last line's",
                    answer.get("Sync-Token") == seen["items"][-1]["id"], answer)
        judge.check(f"{name}: Cache-Control", answer.get("Cache-Control") == "no-store", answer)
        answer = call(body, [WAIT], content)
        seen = answer.json or {}
        judge.check(f"{name} waited", answer.status == 200
                    and [item.get("status") for item in seen.get("items", [])] != [], answer)
        judge.check(f"{name} waited: verdicts", [
            item.get("result", item.get("error", {})).get("status") for item in seen.get("items", [])
        ] == [201, 200, 200, 200, 204], seen)
        judge.check(f"{name} waited: members",
                    all({"line", "id", "task_id", "status"} <= set(item) for item in seen["items"]), seen)
    answer = call(
        lines(create("a"), {
            "op": "update",
            "id": task,
            "data": {
                "title": "x"
            }
        }, create("c", id=task)), [WAIT])
    seen = (answer.json or {}).get("items", [])
    judge.check(
        "waited: one of three failed", answer.status == 200
        and [item["status"] for item in seen] == ["succeeded", "failed", "succeeded"]
        and seen[1]["error"]["code"] == "task-not-found", answer)
    answer = call(lines(create("a"), "", create("b")))
    judge.check("an empty line between", answer.status == 400
                or [i["line"] for i in answer.json["items"]] == [1, 3], answer)


BAD = [  # a line, the pointer of its fault (None: any)
    ("{", None), ("x", None), ("[]", None), ("null", None), ("1", None),
    ('{"op":"create","data":{"title":"a"}} x', None), ({
        "op": "create"
    }, None), ({
        "data": {
            "title": "a"
        }
    }, "#/op"), ({
        "op": "upsert",
        "data": {
            "title": "a"
        }
    }, "#/op"), ({
        "op": 1
    }, "#/op"), ({
        "op": "Create",
        "data": {
            "title": "a"
        }
    }, "#/op"), ({
        "op": "create",
        "data": {
            "title": ""
        }
    }, "#/data/title"), ({
        "op": "create",
        "data": {}
    }, "#/data/title"), ({
        "op": "create",
        "data": []
    }, "#/data"), ({
        "op": "create",
        "data": None
    }, None), ({
        "op": "create",
        "data": {
            "title": "a",
            "x": 1
        }
    }, "#/data/x"), ({
        "op": "create",
        "data": {
            "title": "a"
        },
        "x": 1
    }, "#/x"), ({
        "op": "create",
        "data": {
            "title": "a"
        },
        "id": "x"
    }, "#/id"), ({
        "op": "update",
        "data": {
            "title": "a"
        }
    }, "#/id"), ({
        "op": "update",
        "id": "01900000-0000-7000-8000-000000000001"
    }, None), ({
        "op": "update",
        "id": "01900000-0000-7000-8000-000000000001",
        "data": {}
    }, None), ({
        "op": "update",
        "id": "x",
        "data": {
            "title": "a"
        }
    }, "#/id"), ({
        "op": "complete",
        "id": "01900000-0000-7000-8000-000000000001"
    }, None), ({
        "op": "complete",
        "id": "01900000-0000-7000-8000-000000000001",
        "data": {}
    }, None),
    ({
        "op": "complete",
        "id": "01900000-0000-7000-8000-000000000001",
        "data": {
            "completed": None
        }
    }, "#/data/completed"), ({
        "op": "delete"
    }, "#/id"), ({
        "op": "delete",
        "id": "01900000-0000-7000-8000-000000000001",
        "data": {
            "title": "a"
        }
    }, None),
    ({
        "op": "update",
        "id": "01900000-0000-7000-8000-000000000001",
        "if_match": "v1",
        "data": {
            "title": "a"
        }
    }, "#/if_match"),
    ({
        "op": "update",
        "id": "01900000-0000-7000-8000-000000000001",
        "if_match": 1,
        "data": {
            "title": "a"
        }
    }, "#/if_match"), (create(idempotency_key=""), "#/idempotency_key"),
    (create(idempotency_key="a" * 256), "#/idempotency_key"),
    (create(idempotency_key="a b"), "#/idempotency_key"), (create(idempotency_key=1), "#/idempotency_key"),
    ('{"op":"create","op":"create","data":{"title":"a"}}', None),
    ('{"op":"create","data":{"title":"a","title":"b"}}', None),
    ('{"op":"create","data":{"title":"\\ud800"}}', None),
    ('{"op":"create","data":{"title":"a\\u0000"}}', "#/data/title"),
]


def bad(judge, call):
    for line, pointer in BAD:
        name = str(line)[:60]
        answer = call(lines(create(), line, create()))
        errors = (answer.json or {}).get("errors") or []
        judge.check(
            f"bad line: {name}", answer.status == 400 and answer.code in ("validation-failed", "invalid-json")
            and errors
            and all(error.get("line") == 2 and error.get("code") and error.get("detail")
                    for error in errors), answer)
        if pointer:
            judge.check(f"bad line: {name}: pointer", pointer in [error.get("pointer") for error in errors],
                        errors)
        if not isinstance(line, str):
            answer = call(json.dumps([create(), line]), content="application/json")
            judge.check(
                f"bad item: {name}", answer.status == 400
                and all(e.get("line") == 2 for e in (answer.json or {}).get("errors") or [{}]), answer)
    answer = call(lines({"op": "x"}, create(), {"op": "create", "data": {"title": "", "priority": "x"}}))
    judge.check("all bad lines are told", {(e["line"], e["pointer"])
                                           for e in answer.json.get("errors", [])}
                >= {(1, "#/op"), (3, "#/data/title"), (3, "#/data/priority")}, answer)
    for text in ("", "\n", " ", "\n\n"):
        judge.check(f"no lines: {text!r}", call(text).status == 400, call(text))
    for text in ("[]", "{}", "null", "[", "[1,]", "", '{"op":"create","data":{"title":"a"}}'):
        answer = call(text, content="application/json")
        judge.check(f"array: {text!r}", answer.status == 400, answer)
    for kind in ("text/plain", "application/merge-patch+json", "application/ndjson", None):
        judge.check(f"bulk as {kind}", call(lines(create()), content=kind).status == 415)
    judge.check("If-Match of a bulk", call(lines(create()), [("If-Match", "*")]).status == 400)
    judge.check("a parameter of a bulk", call(lines(create()), path=BULK + "?x=1").status == 400)
    answer = call(lines({"op": "complete", "id": "01900000-0000-7000-8000-000000000001"}))
    judge.check("no toggle in bulk", answer.status == 400, answer)


def lenient(judge, call):
    soft = [("Prefer", "handling=lenient")]
    answer = call(lines(create("a"), {"op": "x"}, "{", create("d")), soft)
    seen = answer.json or {}
    judge.check(
        "lenient, mixed", answer.status == 207 and seen.get("accepted") == 2
        and [i.get("line") for i in seen.get("items", [])] == [1, 2, 3, 4], answer)
    judge.check("lenient: Preference-Applied", "handling=lenient" in (answer.get("Preference-Applied") or "")
                and answer.get("Sync-Token"), answer)
    answer = call(lines(create("a"), {"op": "x"}), soft + [WAIT])
    judge.check("lenient, mixed, waited", answer.status == 207
                and answer.json["items"][0].get("status") == "succeeded", answer)
    answer = call(lines({"op": "x"}, "{"), soft)
    judge.check("lenient, all bad", answer.status == 400 and {e["line"]
                                                              for e in answer.json["errors"]} == {1, 2},
                answer)
    answer = call(lines(create("a"), create("b")), soft)
    judge.check("lenient, all good", answer.status == 202 and answer.json["accepted"] == 2, answer)
    answer = call(json.dumps([create("a"), {"op": "x"}]), soft, "application/json")
    judge.check("lenient, array", answer.status == 207, answer)
    answer = call(lines(create("a"), {"op": "x"}), [("Prefer", "handling=strict")])
    judge.check("handling=strict", answer.status == 400, answer)


def keys(judge, call):
    one, two = uuid.uuid4().hex, uuid.uuid4().hex
    first = call(lines(create("a", idempotency_key=one), create("b")))
    again = call(lines(create("n", idempotency_key=two), create("a", idempotency_key=one)))
    items = again.json["items"]
    judge.check(
        "a line replayed", again.status == 202 and items[1].get("replayed") is True
        and items[1]["id"] == first.json["items"][0]["id"]
        and items[1]["task_id"] == first.json["items"][0]["task_id"] and "replayed" not in items[0], again)
    answer = call(lines(create("z"), create("other", idempotency_key=one)))
    judge.check(
        "a line's key reused", answer.status == 422 and answer.code == "idempotency-key-reused"
        and [e.get("line") for e in answer.json["errors"]] == [2], answer)
    answer = call(lines(create("z"), create("other", idempotency_key=one)), [("Prefer", "handling=lenient")])
    judge.check("a line's key reused, lenient", answer.status == 207 and answer.json["accepted"] == 1, answer)
    twin = uuid.uuid4().hex
    answer = call(lines(create("t", idempotency_key=twin), create("t", idempotency_key=twin)))
    judge.check("one key in two equal lines", answer.status == 202
                and answer.json["items"][0]["id"] == answer.json["items"][1]["id"], answer)
    twin = uuid.uuid4().hex
    answer = call(lines(create("t", idempotency_key=twin), create("u", idempotency_key=twin)))
    judge.check("one key in two other lines", answer.status == 422, answer)
    whole = [("Idempotency-Key", uuid.uuid4().hex)]
    first, again = call(lines(create("a"), create("b")), whole), call(lines(create("a"), create("b")), whole)
    judge.check(
        "a whole bulk replayed",
        again.get("Idempotent-Replayed") == "true"
        and [i["id"] for i in again.json["items"]] == [i["id"] for i in first.json["items"]], again)
    answer = call(lines(create("a"), create("c")), whole)
    judge.check("a whole bulk's key reused", answer.status == 422, answer)
    answer = call(lines(create("a")), whole)
    judge.check("a whole bulk's key for fewer lines", answer.status == 422, answer)
    answer = call(lines(create("a")), [("Idempotency-Key", "a b")])
    judge.check("a bad key of a bulk", answer.status == 400 and answer.code == "invalid-idempotency-key",
                answer)


def limits(judge, call):
    answer = call(lines(*[create(str(i)) for i in range(1000)]), [WAIT])
    judge.check("1000 lines", answer.status in (200, 202) and len(answer.json["items"]) == 1000,
                str(answer)[:300])
    answer = call(lines(*[create(str(i)) for i in range(1001)]))
    judge.check("1001 lines", answer.status == 413 and answer.code == "content-too-large", answer)
    answer = call(json.dumps([create(str(i)) for i in range(1001)]), content="application/json")
    judge.check("1001 items", answer.status == 413, answer)
    answer = call("\n" * 1001 + lines(create()))
    judge.check("1001 empty lines", answer.status in (400, 413, 202), answer)
    big = lines(*[{"op": "create", "data": {"title": "a", "description": "d" * 1000}} for _ in range(950)])
    full = big + " " * (1048576 - len(big))
    answer = call(full)
    judge.check("1 MiB", answer.status == 202, str(answer)[:400])
    answer = judge.call("POST", BULK, body=full + " ", user="bulk", content=ND)
    judge.check("1 MiB and one", answer.status == 413, answer)
