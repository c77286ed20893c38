"""Lists (API.md §6): every filter, every sort, cursors and what they are bound to, parameters that are none."""
import time
import urllib.parse
import uuid

USER = "lists"
PATH = f"/api/{USER}/tasks"


def run(judge, world):
    tasks = fill(judge)
    sorts(judge, tasks)
    filters(judge, tasks)
    parameters(judge)
    cursors(judge)
    after_changes(judge)


def get(judge, query="", user=USER, **how):
    return judge.call("GET", f"/api/{user}/tasks{query}", user=user, **how)


def fill(judge):
    tasks = []
    titles = [
        "b", "a", "B", "é", "e\u0301", "100% milk", "under_score", "back\\slash", "K", "\u212a", "😀", "z",
        "ß", "Milk", "zz", "a"
    ]
    for place, title in enumerate(titles):
        body = {"title": title, "completed": place % 3 == 0}
        if place % 2:
            body["due_at"] = f"2027-01-{place + 1:02d}T00:00:00Z"
        if place % 4:
            body["priority"] = ["low", "medium", "high"][place % 3]
        if place % 5 == 0:
            body["description"] = "Oat milk, 50%"
        answer = judge.call("POST", PATH, [("Prefer", "wait=10")], body=body, user=USER)
        tasks.append(answer.json)
    changed = judge.call("PATCH",
                         f"{PATH}/{tasks[3]['id']}", [("Prefer", "wait=10")],
                         body={"completed": True},
                         user=USER)
    tasks[3] = changed.json
    return tasks


def ordered(tasks, field, down):

    def key(task):
        return (task[field].encode() if field == "title" else task[field]), task["id"]

    some = sorted((task for task in tasks if task[field] is not None), key=key, reverse=down)
    return some, [task for task in tasks if task[field] is None]


def sorts(judge, tasks):
    for field in ("created_at", "updated_at", "due_at", "title"):
        for down in (False, True):
            sort = ("-" if down else "") + field
            whole = get(judge, f"?sort={sort}&limit=200").json
            some, none = ordered(tasks, field, down)
            seen = [task[field] for task in whole["tasks"]]
            wanted = [task[field] for task in some] + [None] * len(none)
            judge.check(f"sort={sort}", seen == wanted and whole["next_cursor"] is None, (seen, wanted))
            for limit in (1, 3, 7):
                pages, query = [], f"?sort={sort}&limit={limit}"
                while query:
                    answer = get(judge, query)
                    if answer.status != 200:
                        judge.check(f"a page of sort={sort}", False, answer)
                        break
                    pages += answer.json["tasks"]
                    cursor, link = answer.json["next_cursor"], answer.get("Link")
                    judge.check(f"sort={sort}: Link goes with next_cursor",
                                (cursor is None) == (link is None), answer)
                    query = None
                    if link:
                        target = link.split(">")[0].lstrip("<")
                        judge.check(
                            f"sort={sort}: Link",
                            link.endswith('rel="next"') and f"limit={limit}" in target
                            and urllib.parse.quote(cursor) in target, link)
                        query = "?" + target.split("?", 1)[1]
                judge.check(f"pages of {limit} by {sort} are the whole", pages == whole["tasks"], len(pages))
    judge.check("the default sort is -created_at",
                get(judge).json["tasks"] == get(judge, "?sort=-created_at").json["tasks"])


def filters(judge, tasks):

    def found(query):
        answer = get(judge, query)
        return sorted(task["id"] for task in answer.json["tasks"]) if answer.status == 200 else answer

    def those(test):
        return sorted(task["id"] for task in tasks if test(task))

    def q(text):

        def lower(value):
            return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in value)

        return lambda task: lower(text) in lower(task["title"]) or lower(text) in lower(task["description"] or
                                                                                        "")

    middle = tasks[8]
    table = [
        ("completed=true", lambda t: t["completed"]), ("completed=false", lambda t: not t["completed"]),
        ("priority=low", lambda t: t["priority"] == "low"),
        ("priority=medium", lambda t: t["priority"] == "medium"),
        ("priority=high", lambda t: t["priority"] == "high"),
        ("priority=high&completed=false", lambda t: t["priority"] == "high" and not t["completed"]),
        ("due_before=2027-01-09T00:00:00Z", lambda t: t["due_at"] and t["due_at"] < "2027-01-09"),
        ("due_after=2027-01-09T00:00:00Z", lambda t: t["due_at"] and t["due_at"] > "2027-01-09U"),
        ("due_after=2027-01-04T00:00:00%2B05:30&due_before=2027-01-09T00:00:00Z",
         lambda t: t["due_at"] and "2027-01-03T18:30" < t["due_at"] < "2027-01-09"),
        (f"created_before={middle['created_at']}", lambda t: t["created_at"] < middle["created_at"]),
        (f"created_after={middle['created_at']}", lambda t: t["created_at"] > middle["created_at"]),
        (f"updated_after={tasks[-1]['updated_at']}", lambda t: t["updated_at"] > tasks[-1]["updated_at"]),
        (f"updated_before={middle['updated_at']}", lambda t: t["updated_at"] < middle["updated_at"]),
    ]
    for text in ("milk", "MILK", "%", "_", "\\", "a", "e\u0301", "😀", "zz", "50%", "' OR 1=1 --", "z%",
                 "oat m", "nothing at all"):
        table.append(("q=" + urllib.parse.quote(text), q(text)))
    table.append(("q=oat+milk", q("oat milk")))
    for query, test in table:
        seen, wanted = found("?" + query), those(test)
        if query == "q=oat+milk" and isinstance(seen, list):
            wanted = seen if seen in ([], wanted) else wanted
        judge.check(f"filter {query}", seen == wanted, (seen, wanted))


BAD = [
    "limit=0", "limit=201", "limit=-1", "limit=%2B5", "limit=5x", "limit=", "limit=05x", "limit=1e1",
    "limit=99999999999999999999", "limit=1.0", "limit=%20" + "5", "limit", "sort=", "sort=id", "sort=-",
    "sort=--title", "sort=Title", "sort=title,created_at", "sort=%2Btitle", "sort=priority", "completed=1",
    "completed=True", "completed=", "completed=null", "priority=", "priority=Low", "priority=none",
    "priority=low,high", "due_before=x", "due_before=", "due_before=2027-01-01",
    "due_after=2027-02-30T00:00:00Z", "created_before=0", "created_after=now",
    "updated_before=2027-01-01T00:00:00", "updated_after=-1", "x=1", "Limit=1", "offset=1", "page=2",
    "limit=1&limit=1", "sort=title&sort=title", "completed=true&completed=false", "q=a&q=b",
    "limit=1&li%6dit=1", "limit%00=1", "q=%00", "q=%ff", "q=%ed%a0%80", "user_id=u2", "_=1", "=1", "wait=x",
    "wait=-1"
]


def parameters(judge):
    for query in BAD:
        answer = get(judge, "?" + query)
        judge.check(f"?{query}", answer.status == 400 and answer.code == "invalid-parameter", answer)
    for query, count in (("limit=1", 1), ("limit=200", 16), ("li%6Dit=2", 2), ("", 16), ("limit=16", 16)):
        answer = get(judge, "?" + query)
        judge.check(f"?{query} is good", answer.status == 200 and len(answer.json["tasks"]) == count, answer)
    for path in (f"{PATH}/{uuid.uuid4()}?x=1", f"/api/users/{USER}?x=1", "/api/requests?x=1",
                 "/api/requests"):
        answer = judge.call("GET", path, user=USER)
        judge.check(f"{path[:30]} with an unknown parameter", answer.status == 400
                    and answer.code == "invalid-parameter", answer)
    for method, path in (("POST", PATH + "?x=1"), ("DELETE", f"{PATH}/{uuid.uuid4()}?x=1")):
        answer = judge.call(method, path, body={"title": "a"} if method == "POST" else None, user=USER)
        judge.check(f"{method} with an unknown parameter", answer.status == 400, answer)


def cursors(judge):
    cursor = get(judge, "?limit=2").json["next_cursor"]
    quoted = urllib.parse.quote(cursor)
    judge.check("a cursor is good", get(judge, f"?limit=2&cursor={quoted}").status == 200)
    judge.check("a cursor with another limit is good", get(judge, f"?limit=5&cursor={quoted}").status == 200)
    flipped = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1:]
        for place in range(0, len(cursor), 3)
    ]
    for name, text in [("empty", ""), ("x", "x"), ("cut", cursor[:-1]), ("longer", cursor + "A"), ("long", "A" * 2000), ("twice", cursor + cursor), ("not base64", "%%%"), ("padded", cursor + "=")] + \
            [(f"flipped at {i * 3}", text) for i, text in enumerate(flipped)]:
        answer = get(judge, f"?limit=2&cursor={urllib.parse.quote(text)}")
        judge.check(f"a cursor: {name}", answer.status == 400 and answer.code == "invalid-cursor", answer)
    for query in ("sort=title", "sort=created_at", "completed=true", "q=a", "priority=low",
                  "due_before=2027-01-09T00:00:00Z", "created_after=2020-01-01T00:00:00Z"):
        answer = get(judge, f"?limit=2&{query}&cursor={quoted}")
        judge.check(f"a cursor with {query}", answer.status == 400 and answer.code == "invalid-cursor",
                    answer)
    answer = get(judge, f"?limit=2&cursor={quoted}", user="u1")
    judge.check("a cursor by another user", answer.status == 400 and answer.code == "invalid-cursor", answer)
    answer = get(judge, f"?cursor={quoted}&cursor={quoted}")
    judge.check("two cursors", answer.status == 400 and answer.code == "invalid-parameter", answer)


def after_changes(judge):
    answer = get(judge)
    tag = answer.get("ETag")
    judge.check("a list has an ETag", tag is not None, answer)
    if tag:
        judge.check("a list not changed",
                    judge.call("GET", PATH, [("If-None-Match", tag)], user=USER).status == 304)
        made = judge.call("POST", PATH, [("Prefer", "wait=10")], body={"title": "new"}, user=USER)
        judge.check("a list changed",
                    judge.call("GET", PATH, [("If-None-Match", tag)], user=USER).status == 200, made)
    empty = get(judge, "", user="nobody").json
    judge.check("an empty list", empty == {"tasks": [], "next_cursor": None}, empty)
    begin = time.monotonic()
    for i in range(30):
        token = judge.call("POST", PATH, body={"title": f"ryw {i}"}, user=USER).get("Sync-Token")
        listed = judge.call("GET", PATH + "?limit=1", [("Sync-Token", token)], user=USER)
        judge.check("a list reads my write", listed.status == 200
                    and listed.json["tasks"][0]["title"] == f"ryw {i}", listed)
    judge.check("30 writes read in time", time.monotonic() - begin < 15, time.monotonic() - begin)
