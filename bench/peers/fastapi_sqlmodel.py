"""The same API as tutorials write it: FastAPI with SQLModel and a session for each request."""

import os
import uuid
from datetime import datetime, timezone

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine, select

SECRET = os.environ["BETTER_AUTH_SECRET"]
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_size=20)


class NewTask(SQLModel):
    title: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=1000)
    completed: bool = False
    priority: str | None = None
    due_at: datetime | None = None


class Task(NewTask, table=True):
    __tablename__ = "peer_tasks"
    user_id: str = Field(primary_key=True)
    id: uuid.UUID = Field(primary_key=True)
    version: int = 1
    created_at: datetime
    updated_at: datetime


app = FastAPI()


def session():
    with Session(engine) as opened:
        yield opened


def authorised(user_id: str, authorization: str = Header()):
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    if claims["sub"] != user_id:
        raise HTTPException(403)
    return user_id


@app.post("/api/{user_id}/tasks", status_code=201, response_model=Task)
def create(new: NewTask, user: str = Depends(authorised), db: Session = Depends(session)):
    now = datetime.now(timezone.utc)
    task = Task(**new.model_dump(), user_id=user, id=uuid.uuid4(), created_at=now, updated_at=now)
    db.add(task)
    db.commit()
    db.refresh(task)
    return task


@app.get("/api/{user_id}/tasks/{task_id}", response_model=Task)
def read(task_id: uuid.UUID, user: str = Depends(authorised), db: Session = Depends(session)):
    task = db.get(Task, (user, task_id))
    if task is None:
        raise HTTPException(404)
    return task


@app.get("/api/{user_id}/tasks", response_model=list[Task])
def page(limit: int = 50, user: str = Depends(authorised), db: Session = Depends(session)):
    wanted = select(Task).where(Task.user_id == user).order_by(Task.created_at.desc()).limit(limit)
    return db.exec(wanted).all()
