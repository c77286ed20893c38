"""The synchronous to-do API as one would write it for speed in Python: FastAPI, asyncpg, PyJWT, uvloop."""

import os
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Literal

import asyncpg
import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field

SECRET = os.environ["BETTER_AUTH_SECRET"]
COLUMNS = "user_id, id, title, description, completed, priority, due_at, version, created_at, updated_at"


class NewTask(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=1000)
    completed: bool = False
    priority: Literal["low", "medium", "high"] | None = None
    due_at: datetime | None = None


class Task(NewTask):
    user_id: str
    id: uuid.UUID
    version: int
    created_at: datetime
    updated_at: datetime


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=20) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


def authorised(user_id: str, authorization: str = Header()):
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    if claims["sub"] != user_id:
        raise HTTPException(403)
    return user_id


@app.post("/api/{user_id}/tasks", status_code=201, response_model=Task)
async def create(task: NewTask, user: str = Depends(authorised)):
    now = datetime.now(timezone.utc)
    row = await app.state.pool.fetchrow(
        f"INSERT INTO peer_tasks ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) RETURNING {COLUMNS}",
        user, uuid.uuid4(), task.title, task.description, task.completed, task.priority, task.due_at, now)
    return dict(row)


@app.get("/api/{user_id}/tasks/{task_id}", response_model=Task)
async def read(task_id: uuid.UUID, user: str = Depends(authorised)):
    row = await app.state.pool.fetchrow(
        f"SELECT {COLUMNS} FROM peer_tasks WHERE user_id = $1 AND id = $2", user, task_id)
    if row is None:
        raise HTTPException(404)
    return dict(row)


@app.get("/api/{user_id}/tasks", response_model=list[Task])
async def page(limit: int = 50, user: str = Depends(authorised)):
    rows = await app.state.pool.fetch(
        f"SELECT {COLUMNS} FROM peer_tasks WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2", user, limit)
    return [dict(row) for row in rows]
