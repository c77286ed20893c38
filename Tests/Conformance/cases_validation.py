"""The rules of a task (API.md §2): every field, several faults at once, Unicode's traps, and JSON's strictness."""
import json

TASKS = "/api/u1/tasks"
ONE = TASKS + "/01900000-0000-7000-8000-000000000001"
E = "e\u0301"
TITLES = [  # value, None for good or the codes of the fault that may be told
    ("a", None), ("a" * 255, None), ("a" * 256, "too_long"), ("", "*"), (" ", "*"), ("\u3000\u2003", "*"),
    ("\u00a0", "*"), ("\t", "*"), ("a\tb", "*"), ("a\nb", "*"), ("\u0000", "*"), ("a\u0000b", "*"),
    ("a\u001f", "*"), ("\u007f", "*"), ("\u0085a", "*"), ("\u009fb", "*"), (E * 127, None),
    (E * 128, "too_long"), ("\u212a", None), ("👩‍👩‍👧‍👦" * 36, None), ("👩‍👩‍👧‍👦" * 37, "too_long"),
    ("😀" * 255, None), ("😀" * 256, "too_long"), ("\ufeffa", None), (" a ", None), ("é" * 255, None),
    ("\u200b", None), (1, "*"), (1.5, "*"), (True, "*"), (None, "*"), ([], "*"), ({}, "*"), (["a"], "*"),
    ("<script>alert(1)</script>", None), ("'; DROP TABLE tasks; --", None), ("\\", None), ("\"", None),
    ("%00", None), ("\u2028", "*"), ("\uffff", None), ("\U0010ffff", None), ("مرحبا", None),
]
DESCRIPTIONS = [("", None), (None, None), ("a" * 1000, None), ("a" * 1001, "too_long"), ("a\nb\tc", None),
                ("a\rb", "*"), ("\u0000", "*"), ("\u0007", "*"), ("\u0085", "*"), (E * 500, None),
                (E * 501, "too_long"), (1, "*"), (False, "*"), ([], "*"), ({}, "*"), (" ", None), ]
OTHERS = {
    "completed": [(True, None), (False, None), (0, "*"), (1, "*"), ("true", "*"), (None, "*"), ([], "*")],
    "priority": [("low", None), ("medium", None), ("high", None), (None, None), ("Low", "*"), ("HIGH", "*"),
                 ("", "*"), ("urgent", "*"), (1, "*"), (True, "*"), ("low ", "*"), ("h\u00efgh", "*"),
                 ([], "*")],
    "due_at": [(None, None), ("2026-11-20T12:00:00Z", None), ("2026-11-20T12:00:00.123456Z", None),
               ("2026-11-20T12:00:00.1+05:30", None), ("2026-11-20T12:00:00-11:00", None),
               ("2026-11-20t12:00:00z", None), ("2028-02-29T00:00:00Z", None), ("2026-11-20T12:00:00", "*"),
               ("2026-11-20", "*"), ("2026-02-29T00:00:00Z", "*"), ("2026-13-01T00:00:00Z", "*"),
               ("2026-00-01T00:00:00Z", "*"), ("2026-01-00T00:00:00Z", "*"), ("2026-04-31T00:00:00Z", "*"),
               ("2026-01-01T24:00:00Z", "*"), ("2026-01-01T00:60:00Z", "*"), ("2026-01-01T00:00:61Z", "*"),
               ("2026-01-01T00:00:00+24:00", "*"), ("2026-01-01T00:00:00+00:60", "*"),
               ("2026-01-01T00:00:00+0000", "*"), ("2026-01-01T00:00:00.Z", "*"), ("now", "*"), ("", "*"),
               (" 2026-01-01T00:00:00Z", "*"), ("2026-01-01T00:00:00Z ", "*"), ("+2026-01-01T00:00:00Z", "*"),
               ("2026-1-1T0:0:0Z", "*"), ("２026-01-01T00:00:00Z", "*"), (1795000000, "*"), (True, "*"),
               ("1900-02-29T00:00:00Z", "*"), ("2026-01-01T00:00:00+00:00", None), ],
    "id": [("01900000-0000-7000-8000-000000000%03d", None), ("x", "*"), ("", "*"), (1, "*"), (None, "*"),
           ("01900000000070008000000000000001", "*"), ("{01900000-0000-7000-8000-000000000001}", "*"),
           ("01900000-0000-7000-8000-00000000000g", "*")],
}
BAD_JSON = [("", None), (" ", None), ("{", None), ("{}x", None), ('{"title":"a"}{}', None),
            ('{"title":"a",}', None), ("[1,]", None), ("{'title':'a'}", None), ('{title:"a"}', None),
            ('{"title":"a"} // x', None), ('\ufeff{"title":"a"}', None), ('{"title":"a\n"}', None),
            ('{"title":"\\x41"}', None), ('{"title":"\\ud800"}', None), ('{"title":"\\udc00\\ud800"}', None),
            ('{"title":"\\ud800\\u0041"}', None), ('{"title":NaN}', None),
            ('{"title":"a","priority":Infinity}', None), ('{"title":01}', None), ('{"title":+1}', None),
            ('{"title":.5}', None), ('{"title":tru}', None), (b'{"title":"\xff"}', None),
            (b'{"title":"\xc0\xaf"}', None), (b'{"title":"\xed\xa0\x80"}', None),
            (b'{"title":"\xf4\x90\x80\x80"}', None), ('{"title":"a"}'.encode("utf-16"), None),
            ('{"title":"a"}'.encode("utf-16-le"), None), (b'{"title":"a"}\0', None),
            (b'\0{"title":"a"}', None), ("[", None), ("nul", None), ('{"title":"a","title":"b"}', None),
            ('{"title":"a","titl\\u0065":"b"}', None),
            ('{"description":null,"description":null,"title":"a"}', None),
            ('{"title":"a","x":{"y":1,"y":2}}', None), ('{"title"}', None), ('{"title":}', None),
            ('{:1}', None), ('{"a":1 "b":2}', None), ("\u00a0{}", None), ("\f{}", None), ]
NOT_OBJECTS = ["null", "[]", "1", '"a"', "true", "[{}]", "-0", "1e400"]


def run(judge, _):

    def good(answer):
        return answer.status == 202

    serial = 0
    for field, table in {"title": TITLES, "description": DESCRIPTIONS, **OTHERS}.items():
        for value, fault in table:
            serial += 1
            if isinstance(value, str) and "%03d" in value:
                value = value % serial
            body = {"title": "t"} | {field: value}
            name = f"{field} = {str(value)[:24]!r}"
            if fault is None:
                answer = judge.call("POST", TASKS, body=body)
                judge.check(f"{name} is taken", good(answer), answer)
            else:
                code = None if fault == "*" else fault
                answer = judge.faults(name, "POST", TASKS, {(f"#/{field}", code)}, body=body)
                error = ((answer.json or {}).get("errors") or [{}])[0]
                if code == "too_long":
                    judge.check(name + ": limit",
                                error.get("limit") == {
                                    "title": 255,
                                    "description": 1000
                                }[field], error)
                if isinstance(value, str) and len(value) > 9:
                    judge.check(name + ": is not echoed", value.encode() not in answer.body, answer)
            if field == "id":
                continue
            for method in ("PUT", "PATCH"):
                answer = judge.call(method, ONE, body={field: value})
                if fault is None:
                    # PUT: absent is unchanged; a null where null is a value is one.
                    judge.check(f"{method} {name} is taken", good(answer), answer)
                else:
                    judge.check(
                        f"{method} {name} is refused", answer.status == 400
                        and answer.code == "validation-failed"
                        and (answer.json.get("errors") or [{}])[0].get("pointer") == f"#/{field}", answer)
    several(judge)
    syntax(judge)
    depth(judge)


def several(judge):
    judge.faults("no title", "POST", TASKS, {"#/title"}, body={})
    judge.faults("all at once",
                 "POST",
                 TASKS, {"#/title", "#/description", "#/completed", "#/priority", "#/due_at", "#/id", "#/x"},
                 body={
                     "title": "",
                     "description": 1,
                     "completed": "x",
                     "priority": "x",
                     "due_at": "x",
                     "id": "x",
                     "x": 1
                 })
    judge.faults("unknown members",
                 "POST",
                 TASKS, {"#/version", "#/user_id", "#/created_at"},
                 body={
                     "title": "a",
                     "version": 1,
                     "user_id": "u2",
                     "created_at": None
                 })
    judge.faults("a pointer is escaped", "POST", TASKS, {"#/a~1b~0c"}, body={"title": "a", "a/b~c": 1})
    judge.faults("case matters", "POST", TASKS, {"#/Title", "#/title"}, body={"Title": "a"})
    for method in ("PUT", "PATCH"):
        answer = judge.expect(f"{method} of nothing", method, ONE, 400, "validation-failed", body={})
        judge.faults(f"{method} of an id", method, ONE, {"#/id"}, body={"id": ONE[-36:], "title": "a"})
        judge.faults(f"{method} of nulls",
                     method,
                     ONE, {"#/title", "#/completed"},
                     body={
                         "title": None,
                         "completed": None
                     })
        judge.faults(f"{method} of several",
                     method,
                     ONE, {"#/title", "#/x", "#/priority"},
                     body={
                         "title": "",
                         "x": 1,
                         "priority": 3
                     })
        judge.expect(f"{method} of an unknown member alone",
                     method,
                     ONE,
                     400,
                     "validation-failed",
                     body={"version": 3})
        judge.check(f"{method} of nothing says so", (answer.json or {}).get("detail"), answer)
    for body in ({
            "completed": None
    }, {
            "completed": 1
    }, {
            "completed": "true"
    }, {
            "completed": True,
            "title": "a"
    }, {
            "done": True
    }, {}):
        judge.expect(f"complete {body}", "PATCH", ONE + "/complete", 400, "validation-failed", body=body)
    for body in ("null", "[]", "true", "{", '{"completed":true,"completed":false}', " "):
        judge.expect(f"complete {body!r}", "PATCH", ONE + "/complete", 400, body=body)
    for body in ({"completed": True}, {"completed": False}, None, ""):
        judge.expect(f"complete with {body!r}", "PATCH", ONE + "/complete", 202, body=body)
    for body in ("{}", "x", " ", '{"title":"a"}'):
        judge.expect(f"DELETE with {body!r}", "DELETE", ONE, 400, body=body)
    judge.expect("DELETE with an empty body", "DELETE", ONE, 202, body="")


def syntax(judge):
    for text, _ in BAD_JSON:
        for method, path in (("POST", TASKS), ("PUT", ONE), ("PATCH", ONE)):
            answer = judge.call(method, path, body=text)
            kinds = {"invalid-json", "validation-failed"}
            judge.check(f"{method} {text[:40]!r}", answer.status == 400 and answer.code in kinds, answer)
    for text in NOT_OBJECTS:
        answer = judge.call("POST", TASKS, body=text)
        judge.check(f"not an object: {text}", answer.status == 400
                    and answer.code in ("validation-failed", "invalid-json"), answer)
    for text in (' \r\n\t{"title":"a"}\n ', '{"title":"\\u0041\\/\\ud83d\\ude00"}', '{"t\\u0069tle":"a"}'):
        judge.expect(f"good: {text!r}", "POST", TASKS, 202, body=text)
    long = "x" * 5000
    judge.expect("a long unknown member", "POST", TASKS, 400, body=json.dumps({long: 1, "title": "a"}))
    many = judge.expect("a thousand unknown members",
                        "POST",
                        TASKS,
                        400,
                        body=json.dumps({f"m{i}": 1
                                         for i in range(1000)}))
    judge.check("one entry for each fault", len((many.json or {}).get("errors", [])) >= 20, len(many.body))
    for kind, status in (("application/json; charset=utf-8", 202), ('application/json;charset="UTF-8"', 202),
                         ("APPLICATION/JSON", 202), ("application/json; charset=latin1",
                                                     415), ("application/merge-patch+json", 415),
                         ("text/json", 415), ("application/jsonx", 415), ("application/x-ndjson", 415),
                         ("", 415), ("application/x-www-form-urlencoded", 415),
                         ("application/json, text/plain", 415), ("multipart/form-data; boundary=x", 415)):
        judge.expect(f"Content-Type {kind}",
                     "POST",
                     TASKS,
                     status,
                     headers=[("Content-Type", kind)],
                     body={"title": "a"})
    judge.expect("no Content-Type", "POST", TASKS, 415, body={"title": "a"}, content=None)
    judge.expect("merge patch",
                 "PATCH",
                 ONE,
                 202,
                 headers=[("Content-Type", "application/merge-patch+json")],
                 body={"title": "a"})
    judge.expect("merge patch by PUT",
                 "PUT",
                 ONE,
                 415,
                 headers=[("Content-Type", "application/merge-patch+json")],
                 body={"title": "a"})
    judge.expect("no body at all", "POST", TASKS, 400)
    for coding in ("gzip", "deflate", "br"):
        judge.expect(f"Content-Encoding {coding}",
                     "POST",
                     TASKS,
                     415,
                     headers=[("Content-Encoding", coding)],
                     body={"title": "a"})


def depth(judge):
    for levels, code in ((15, "validation-failed"), (16, "validation-failed"), (17, None), (1000, None),
                         (30000, None)):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            inner = opening * (levels - 1) + "1" + closing * (levels - 1)
            if len(inner) > 65000:
                continue
            answer = judge.expect(f"depth {levels} of {opening}",
                                  "POST",
                                  TASKS,
                                  400,
                                  code,
                                  body='{"title":"a","x":' + inner + "}")
            deep = answer.code == "invalid-json"
            judge.check(f"depth {levels} of {opening}: code", deep == (levels > 16) or levels > 16, answer)
    judge.expect("depth without an end", "POST", TASKS, 400, "invalid-json", body="[" * 60000)
