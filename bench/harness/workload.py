"""What is measured with: users, tokens, stored tasks, queued mutations, requests for wrk. Equal seeds, equal bytes."""

import base64
import hashlib
import hmac
import json
import random
import time
import uuid

from .servers import SECRET

USERS = 2000
STORED_FOR_EACH = 50
# One moment for the whole run: ids made from it are the same at each call.
STARTED_MS = int(time.time() * 1000)


def user_name(number):
    return f"user-{number:06d}"


def crc16(data):
    """Redis's own CRC16 (XMODEM)."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def lane_of(user, lanes):
    return crc16(user.encode()) % lanes


def token(user, lifetime=6 * 3600):
    """A JWT as the front end's session would carry it: HS256, `sub`, `exp`."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    now = int(time.time())
    head = part(b'{"alg":"HS256","typ":"JWT"}')
    claims = part(json.dumps({"sub": user, "iat": now, "exp": now + lifetime}, separators=(",", ":")).encode())
    signed = head + b"." + claims
    return (signed + b"." + part(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())).decode()


def uuid_v7(milliseconds, counter, dice):
    value = milliseconds << 80 | 7 << 76 | (counter & 0xFFF) << 64 | 2 << 62 | dice.getrandbits(62)
    return str(uuid.UUID(int=value))


def stored_tasks(users=USERS, each=STORED_FOR_EACH):
    """Ids of the tasks that every figure starts with, by user number."""
    dice = random.Random(11)
    day_ago = STARTED_MS - 86_400_000
    return [[uuid_v7(day_ago, number, dice) for number in range(each)] for _ in range(users)]


def stored_rows(tasks):
    """The stored tasks as text for COPY (user_id, id, title, completed, version, created_at, updated_at)."""
    for number, ids in enumerate(tasks):
        user = user_name(number)
        for place, task in enumerate(ids):
            yield f"{user}\t{task}\tStored task number {place}\tf\t1\t2026-01-01 00:00:00Z\t2026-01-01 00:00:00Z\n"


def mutations(count, tasks, seed=7):
    """`(user number, lane entry)` in the order of acceptance: 50 % create, 40 % update, 10 % delete.

    The bytes are those of `Mutation.encode` (Sources/Shared/Model/Mutation+encode.swift)."""
    dice = random.Random(seed)
    live = [list(ids) for ids in tasks]
    begin = STARTED_MS - 60_000
    made = []
    for place in range(count):
        number = dice.randrange(len(live))
        mine = live[number]
        at = begin + place // 30
        request = uuid_v7(at, place % 30, dice)
        roll = dice.random()
        if roll < 0.5 or not mine:
            task = uuid_v7(at, 64 + place % 30, dice)
            mine.append(task)
            operation = "create"
            data = (f',"data":{{"title":"Buy milk and bread, number {place}","description":"From the shop at the '
                    f'corner, before noon","priority":"medium"}}')
        elif roll < 0.9:
            task = mine[dice.randrange(len(mine))]
            operation = "update"
            data = f',"data":{{"title":"Buy rye bread, number {place}","completed":true}}'
        else:
            chosen = dice.randrange(len(mine))
            task, mine[chosen] = mine[chosen], mine[-1]
            mine.pop()
            operation, data = "delete", ""
        entry = (f'{{"id":"{request}","op":"{operation}","user":"{user_name(number)}","task":"{task}",'
                 f'"at":{at * 1000}{data}}}')
        made.append((number, entry.encode()))
    return made


def body(number):
    """A request body of a create, varied."""
    return json.dumps({"title": f"Buy milk and bread, number {number}", "priority": ["low", "medium", "high"][number % 3],
                       "description": "From the shop at the corner, before noon", "completed": number % 2 == 0},
                      separators=(",", ":"))
