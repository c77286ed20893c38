"""A hand-written worker: pops up to 100 mutations, applies them with unnest, stores the results.

What it has not: a mutation that was popped is lost if the process dies, and nothing tells of one applied twice.
Usage: batched_worker.py REDIS_SOCKET DATABASE_URL QUEUE
"""

import asyncio
import json
import sys
from datetime import datetime, timezone

import asyncpg
import redis.asyncio
import uvloop

CREATE = """INSERT INTO peer_tasks (user_id, id, title, description, completed, priority, version, created_at, updated_at)
SELECT u, i, t, d, c, p, 1, a, a FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bool[], $6::text[],
$7::timestamptz[]) k(u, i, t, d, c, p, a) ON CONFLICT DO NOTHING RETURNING id"""
UPDATE = """UPDATE peer_tasks x SET title = coalesce(k.t, x.title), completed = coalesce(k.c, x.completed),
version = x.version + 1, updated_at = k.a FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bool[],
$5::timestamptz[]) k(u, i, t, c, a) WHERE x.user_id = k.u AND x.id = k.i
RETURNING x.id, x.title, x.completed, x.version"""
DELETE = """DELETE FROM peer_tasks x USING unnest($1::text[], $2::uuid[]) k(u, i)
WHERE x.user_id = k.u AND x.id = k.i RETURNING x.id"""


def time_of(entry):
    return datetime.fromtimestamp(entry["at"] / 1e6, timezone.utc)


async def apply(connection, entries):
    """Creates, then updates (the last one of a task wins), then deletes, in one transaction; the rows by task."""
    creates = [e for e in entries if e["op"] == "create"]
    updates = list({e["task"]: e for e in entries if e["op"] == "update"}.values())
    deletes = [e for e in entries if e["op"] == "delete"]
    rows = {}
    async with connection.transaction():
        if creates:
            data = [e["data"] for e in creates]
            for row in await connection.fetch(
                    CREATE, [e["user"] for e in creates], [e["task"] for e in creates], [d["title"] for d in data],
                    [d.get("description") for d in data], [d.get("completed", False) for d in data],
                    [d.get("priority") for d in data], [time_of(e) for e in creates]):
                rows[str(row["id"])] = {"status": 201}
        if updates:
            data = [e["data"] for e in updates]
            for row in await connection.fetch(
                    UPDATE, [e["user"] for e in updates], [e["task"] for e in updates],
                    [d.get("title") for d in data], [d.get("completed") for d in data],
                    [time_of(e) for e in updates]):
                rows[str(row["id"])] = {"status": 200, "title": row["title"], "completed": row["completed"],
                                        "version": row["version"]}
        if deletes:
            for row in await connection.fetch(DELETE, [e["user"] for e in deletes], [e["task"] for e in deletes]):
                rows[str(row["id"])] = {"status": 204}
    return rows


def result(entry, rows):
    """What a client would poll for."""
    found = rows.get(entry["task"], {"status": 404})
    task = {**entry.get("data", {}), "id": entry["task"], "user_id": entry["user"], **found}
    return json.dumps({"id": entry["id"], "status": "succeeded" if found["status"] < 400 else "failed", "done": True,
                       "operation": entry["op"], "task_id": entry["task"], "result": {"task": task}})


async def main(socket, database, queue):
    store = redis.asyncio.Redis(unix_socket_path=socket)
    connection = await asyncpg.connect(database)
    while True:
        popped = await store.lpop(queue, 100)
        if not popped:
            await asyncio.sleep(0.01)
            continue
        entries = [json.loads(one) for one in popped]
        rows = await apply(connection, entries)
        pipeline = store.pipeline(transaction=False)
        for entry in entries:
            pipeline.set(f"result:{entry['id']}", result(entry, rows), ex=900)
        await pipeline.execute()


uvloop.run(main(*sys.argv[1:4]))
